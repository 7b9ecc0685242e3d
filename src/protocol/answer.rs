//! Answers, read tolerantly into fixed types. The transport bounds their length.

use super::json::Json;
use super::key::check_key;
use super::{Failure, Rules};
use crate::text::holds;

/// The largest integer JavaScript holds exactly, 2^53 - 1.
const LARGEST: f64 = ((1_u64 << 53) - 1) as f64;

/// What some servers put in front of their JSON (RFC 8259, section 8.1, lets a reader ignore it).
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The answer to `POST /buckets`.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// Names the multipart upload; opaque.
    pub upload_id: String,
    /// Names the file; opaque.
    pub file_key: String,
}

/// One file of the bucket (the service's `UploadInfoDto`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileInfo {
    /// The file's key; `None` makes the entry unusable.
    pub file_key: Option<String>,
    /// What was sent as `encryptedName`; `None` where that is no text.
    pub file_name: Option<String>,
    /// Who uploaded it.
    pub creator_id: Option<String>,
    /// Whether all parts were joined; `None` where that is not said.
    completed: Option<bool>,
    total_parts: Option<u64>,
    original_size_in_bytes: Option<u64>,
}

impl FileInfo {
    /// Whether all parts were joined.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.completed == Some(true)
    }

    /// Whether whatever it says of key, size in bytes and parts is this.
    #[must_use]
    pub fn is_of(&self, key: &str, size: u64, parts: u32) -> bool {
        self.file_key.as_deref().is_none_or(|said| said == key)
            && self.original_size_in_bytes.is_none_or(|said| said == size)
            && self.total_parts.is_none_or(|said| said == u64::from(parts))
    }

    /// Parts the file was announced with.
    #[must_use]
    pub fn parts(&self) -> u64 {
        self.total_parts.unwrap_or(0)
    }

    /// The file's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.original_size_in_bytes.unwrap_or(0)
    }
}

/// Reads the answer to `POST /buckets`.
///
/// # Errors
/// A `protocol` failure where `uploadId` or `fileKey` is missing or cannot be used in the requests to come.
pub fn started(body: &[u8]) -> Result<Started, Failure> {
    let answer = Answer::read(body)?;
    let (upload_id, file_key) = (answer.text("uploadId")?, answer.text("fileKey")?);
    if check_key(&file_key).is_err() {
        return Err(Failure::protocol("its fileKey cannot name a file"));
    }
    if upload_id.is_empty()
        || upload_id.len() > 1024
        || !upload_id.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err(Failure::protocol("its uploadId cannot be a header"));
    }
    Ok(Started { upload_id, file_key })
}

/// Reads the answer to `PUT /buckets` of part `number`: the part's tag, opaque, to be echoed byte for byte at
/// completion.
///
/// # Errors
/// A `protocol` failure where there is no tag, or the answer speaks of another part.
pub fn part_tag(body: &[u8], number: u32) -> Result<String, Failure> {
    let answer = Answer::read(body)?;
    let tag = answer.text("tag")?;
    if tag.is_empty() {
        return Err(Failure::protocol("a part's tag is empty"));
    }
    if answer.count("partNumber").is_some_and(|echoed| echoed != u64::from(number)) {
        return Err(Failure::protocol("it speaks of another part"));
    }
    Ok(tag)
}

/// Reads one file's metadata. A field of a wrong type is guessed at, or counts as missing.
///
/// # Errors
/// A `protocol` failure where it is not an `UploadInfoDto`, but for instance an error in the body of a success.
pub fn file_info(body: &[u8]) -> Result<FileInfo, Failure> {
    let answer = Answer::read(body)?;
    let info = FileInfo {
        // Another type, or half a surrogate pair, would name another file.
        file_key: answer.field("fileKey").map(|key| key.text().ok_or_else(ill_typed)).transpose()?,
        file_name: answer.text_lossy("fileName"),
        creator_id: answer.text_lossy("creatorId"),
        completed: answer.flag("completed"),
        total_parts: answer.count("totalParts"),
        original_size_in_bytes: answer.count("originalSizeInBytes"),
    };
    let says_nothing = info.file_key.is_none() && info.completed.is_none() && info.total_parts.is_none();
    if says_nothing { Err(Failure::protocol("it says nothing of a file")) } else { Ok(info) }
}

/// Whether the answer to `POST /buckets/complete` says that the file is complete. It is unspecified: nothing, or any
/// JSON. Where it speaks of a failure, or is no JSON, it says nothing: there are services that send an error in the
/// body of a success (S3's `CompleteMultipartUpload` is documented to).
#[must_use]
pub fn says_complete(body: &[u8]) -> bool {
    let says_failure = |(name, value): (String, Json<'_>)| match name.to_ascii_lowercase().as_str() {
        "completed" | "complete" | "success" | "ok" => value.as_written() != b"true",
        "code" | "status" | "message" | "detail" | "title" | "reason" => true,
        name => ["error", "exception", "fault", "fail"].iter().any(|word| holds(name, word)),
    };
    if body.trim_ascii().is_empty() {
        return true;
    }
    let Some(answer) = Json::new(body) else { return false };
    match answer.fields() {
        Some(mut fields) => !fields.any(says_failure),
        None => matches!(answer.as_written().first(), Some(b'"' | b'n' | b't')),
    }
}

/// Reads a download link: a JSON string, plain text, or an object with one of the usual fields.
/// Whether the link is safe to follow is the caller's to check.
///
/// # Errors
/// A `protocol` failure where there is no link in it.
pub fn link(body: &[u8]) -> Result<String, Failure> {
    let nothing = || Failure::protocol("there is no link in it");
    let text = std::str::from_utf8(body.trim_ascii()).map_err(|_| nothing())?;
    let found = match text.as_bytes().first() {
        Some(b'"') => Json::new(text.as_bytes()).and_then(Json::text),
        Some(b'{') => Answer::read(text.as_bytes()).ok().and_then(|answer| {
            let names = ["url", "downloadUrl", "presignedUrl", "link", "href"];
            names.into_iter().find_map(|name| answer.field(name)?.text())
        }),
        Some(b'[') | None => None,
        Some(_) => Some(text.to_owned()),
    };
    found.filter(|link| !link.is_empty() && !link.chars().any(|c| c.is_control() || c == ' ')).ok_or_else(nothing)
}

/// Reads the session's rules from `GET /session/current`. `wall_clock` is now, in milliseconds since 1970, and
/// `parse_date` reads an ISO 8601 date into the same.
///
/// The form of `expiry` is unpublished: a date, or a number of milliseconds or seconds since 1970, or of seconds left.
///
/// # Errors
/// A `protocol` failure where it is no session, but for instance an error in the body of a success.
pub fn session_rules(body: &[u8], wall_clock: f64, parse_date: impl Fn(&str) -> Option<f64>) -> Result<Rules, Failure> {
    let session = Answer::read(body)?;
    let (max_files, max_total_mega_bytes) = (session.rule("maxFiles")?, session.rule("maxTotalMegaBytes")?);
    if session.field("error").is_some() {
        return Err(Failure::protocol("it is an error in the body of a success"));
    }
    let expiry = match session.field("expiry") {
        None => None,
        Some(expiry) => match (expiry.number(), expiry.text()) {
            (Some(number), _) if number <= 0.0 => None,
            (Some(number), _) if number >= 1e11 => Some(number),
            (Some(number), _) if number >= 1e9 => Some(number * 1000.0),
            (Some(number), _) => Some(wall_clock + number * 1000.0),
            (None, Some(date)) => parse_date(&date),
            (None, None) => return Err(ill_typed()),
        },
    };
    Ok(Rules {
        max_files: max_files.map(|files| files as u64),
        max_total_mega_bytes,
        // Before 1970 no session ended: that is how an unset date looks.
        expiry: expiry.filter(|expiry| expiry.is_finite() && *expiry > 0.0),
    })
}

fn ill_typed() -> Failure {
    Failure::protocol("a field is missing or of a wrong type")
}

/// An object that the service answered with.
struct Answer<'a>(Vec<(String, Json<'a>)>);

impl<'a> Answer<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Failure> {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        // What was wrong is not quoted: it may hold a link or a name.
        let answer = Json::new(body).ok_or_else(|| Failure::protocol("it is not JSON"))?;
        Ok(Self(answer.fields().ok_or_else(ill_typed)?.collect()))
    }

    /// A field that is there and not null; the last of its name, as for JavaScript.
    fn field(&self, name: &str) -> Option<Json<'a>> {
        let field = self.0.iter().rev().find(|(found, _)| found == name);
        field.map(|(_, value)| *value).filter(|value| !value.is_null())
    }

    /// A text that must be there.
    fn text(&self, name: &str) -> Result<String, Failure> {
        self.field(name).and_then(Json::text).ok_or_else(ill_typed)
    }

    /// A text, or nothing where it is of another type: whoever names one file wrongly does not hide the others. Half a
    /// surrogate pair, which no text in UTF-8 can hold, is replaced.
    fn text_lossy(&self, name: &str) -> Option<String> {
        self.field(name)?.text_lossy()
    }

    /// A non-negative integer that JavaScript can hold, be it in quotes; nothing where it is anything else.
    fn count(&self, name: &str) -> Option<u64> {
        let number = Json::new(self.field(name)?.unquoted())?.number()?;
        (number.fract() == 0.0 && (0.0..=LARGEST).contains(&number)).then_some(number as u64)
    }

    /// A limit, or nothing for `null` and for numbers below 0, by which services mean that there is none.
    fn rule(&self, name: &str) -> Result<Option<f64>, Failure> {
        let Some(field) = self.field(name) else { return Ok(None) };
        Ok(Some(field.number().ok_or_else(ill_typed)?).filter(|limit| limit.is_finite() && *limit >= 0.0))
    }

    /// `true` or `false`, be it in quotes or a number; nothing where it is anything else.
    fn flag(&self, name: &str) -> Option<bool> {
        match self.field(name)?.unquoted() {
            b"true" | b"True" | b"1" => Some(true),
            b"false" | b"False" | b"0" => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Code, FileList};
    use proptest::prelude::*;

    fn code<T>(result: Result<T, Failure>) -> Option<Code> {
        result.err().map(|failure| failure.code)
    }

    #[test]
    fn a_start_needs_both_names() {
        assert!(started(br#"{"uploadId":"u","fileKey":"k","extra":[1]}"#).is_ok());
        for body in [
            r#"{"fileKey":"k"}"#,
            r#"{"uploadId":"","fileKey":"k"}"#,
            r#"{"uploadId":"u","fileKey":".."}"#,
            r#"{"uploadId":"u\r\nX: y","fileKey":"k"}"#,
            r#"{"uploadId":7,"fileKey":"k"}"#,
            "<html></html>",
            "",
            "null",
        ] {
            assert_eq!(code(started(body.as_bytes())), Some(Code::Protocol), "{body}");
        }
    }

    #[test]
    fn a_tag_is_opaque_and_belongs_to_its_part() {
        assert_eq!(part_tag(br#"{"tag":"\"a\"","partNumber":2}"#, 2), Ok("\"a\"".into()));
        assert_eq!(part_tag(br#"{"tag":"a"}"#, 2), Ok("a".into()));
        for body in [r#"{"tag":"a","partNumber":3}"#, r#"{"tag":"","partNumber":2}"#, r#"{"partNumber":2}"#] {
            assert_eq!(code(part_tag(body.as_bytes(), 2)), Some(Code::Protocol), "{body}");
        }
    }

    #[test]
    fn a_list_keeps_what_is_usable() {
        let file_list = |body: &[u8]| FileList::new(body).collect::<Result<Vec<_>, _>>();
        let list = file_list(
            br#"[{"fileKey":"a","fileName":null,"completed":true,"totalParts":1,"originalSizeInBytes":5},
                {"fileKey":null,"completed":false},{"fileKey":".."},{"fileKey":"b","__proto__":{"x":1}}]"#,
        )
        .unwrap();
        assert_eq!(list.iter().map(|info| info.file_key.clone().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((list[0].size(), list[0].parts(), list[0].is_complete()), (5, 1, true));
        for (body, entries) in
            [("[]", 0), (" [ ] ", 0), ("\u{feff}[]", 0), (r#"[{"fileKey":"],["},{"fileKey":"\\\"},"}]"#, 2)]
        {
            assert_eq!(file_list(body.as_bytes()).map(|list| list.len()), Ok(entries), "{body}");
        }
        let wrong = [
            "",
            "{}",
            "[",
            "]",
            "[,]",
            "[{},]",
            "[{}}]",
            "[{}] x",
            "[{}{}]",
            "[{]",
            r#"[{"fileKey":"a]"#,
            "null",
            "[{}],[{}]",
        ];
        for body in wrong {
            assert_eq!(code(file_list(body.as_bytes())), Some(Code::Protocol), "{body}");
        }
    }

    #[test]
    fn an_odd_entry_hides_no_other() {
        let read = |entry: &str| {
            let body = format!(r#"[{{"fileKey":"a"}},{entry},{{"fileKey":"b","completed":true}}]"#);
            FileList::new(body.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap()
        };
        for entry in ["1", "null", "[]", r#""x""#, "{}", r#"{"fileKey":5}"#, r#"{"fileKey":["c"]}"#] {
            assert_eq!(read(entry).len(), 2, "{entry}");
        }
        for (fields, size, complete) in [
            (r#""originalSizeInBytes":"5","completed":"true""#, 5, true),
            (r#""originalSizeInBytes":-1,"completed":1"#, 0, true),
            (r#""originalSizeInBytes":1e400,"completed":"no""#, 0, false),
            (r#""originalSizeInBytes":1.5,"completed":null"#, 0, false),
            (r#""originalSizeInBytes":{},"totalParts":[],"creatorId":7,"completed":0"#, 0, false),
        ] {
            let list = read(&format!(r#"{{"fileKey":"c",{fields}}}"#));
            assert_eq!((list.len(), list[1].size(), list[1].is_complete()), (3, size, complete), "{fields}");
        }
    }

    #[test]
    fn a_completion_is_believed_where_it_speaks_of_no_failure() {
        for body in ["", " \n", "{}", "null", "true", r#""s""#, r#"{"completed":true,"location":"x","etag":"y"}"#] {
            assert!(says_complete(body.as_bytes()), "{body}");
        }
        for body in [
            r#"{"error":"InternalError"}"#,
            r#"{"completed":false}"#,
            r#"{"completed":"false"}"#,
            r#"{"Code":"SlowDown","Message":"m"}"#,
            r#"{"success":false}"#,
            r#"{"errors":[]}"#,
            "<Error><Code>InternalError</Code></Error>",
            "Internal error",
            "false",
            "[]",
            "7",
            "{",
        ] {
            assert!(!says_complete(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn an_error_is_no_file() {
        assert_eq!(code(file_info(br#"{"error":"InternalError"}"#)), Some(Code::Protocol));
        assert!(file_info(br#"{"fileKey":"k","originalSizeInBytes":"x"}"#).is_ok());
    }

    #[test]
    fn a_name_that_is_no_text_hides_no_other_entry() {
        let read = |name: &str| {
            let body = format!(r#"[{{"fileKey":"a","fileName":{name},"totalParts":2}},{{"fileKey":"b"}}]"#);
            let list = FileList::new(body.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
            assert_eq!((list.len(), list[0].parts()), (2, 2), "{name}");
            list[0].file_name.clone()
        };
        for name in ["5", "1.5", "true", "null", "[]", "{}", r#"["x"]"#, r#"{"x":"y"}"#] {
            assert_eq!(read(name), None, "{name}");
        }
        assert_eq!(read(r#""a\u00e4\ud83d\ude00""#).as_deref(), Some("aä😀"));
        assert_eq!(read(r#""bad\ud800.txt""#).as_deref(), Some("bad\u{fffd}\u{fffd}\u{fffd}.txt"));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = "[".repeat(100_000);
        assert_eq!(code(FileList::new(deep.as_bytes()).collect::<Result<Vec<_>, _>>()), Some(Code::Protocol));
        assert_eq!(code(link(format!("{{\"url\":{deep}").as_bytes())), Some(Code::Protocol));
    }

    #[test]
    fn a_link_comes_in_several_shapes() {
        for body in [
            r#""https://s/x""#,
            "https://s/x",
            r#"{"url":"https://s/x"}"#,
            r#"{"downloadUrl":"https://s/x"}"#,
            r#"{"presignedUrl":"https://s/x"}"#,
            r#"{"link":"https://s/x"}"#,
            r#"{"href":"https://s/x"}"#,
        ] {
            assert_eq!(link(body.as_bytes()), Ok("https://s/x".into()), "{body}");
        }
        for body in ["", "[]", "{}", r#"{"url":7}"#, "<html> hi"] {
            assert_eq!(code(link(body.as_bytes())), Some(Code::Protocol), "{body}");
        }
    }

    #[test]
    fn an_expiry_comes_in_several_shapes() {
        let read = |expiry: &str| {
            let body = format!(r#"{{"id":"x","expiry":{expiry},"maxFiles":5,"maxTotalMegaBytes":1.5}}"#);
            session_rules(body.as_bytes(), 1e12, |_| Some(7.0)).unwrap().expiry
        };
        assert_eq!(read("1800000000000"), Some(1.8e12));
        assert_eq!(read("1800000000"), Some(1.8e12));
        assert_eq!(read("60"), Some(1e12 + 60_000.0));
        assert_eq!(read("\"2026-01-01\""), Some(7.0));
        assert_eq!(read("null"), None);
        assert_eq!((read("0"), read("-1"), read("-62135596800000")), (None, None, None));
    }

    #[test]
    fn a_limit_below_zero_is_none() {
        let rules = session_rules(br#"{"maxFiles":-1,"maxTotalMegaBytes":-1}"#, 0.0, |_| None).unwrap();
        assert_eq!((rules.max_files, rules.max_total_mega_bytes), (None, None));
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (started(&body), part_tag(&body, 1), FileList::new(&body).count(), link(&body), file_info(&body));
        }
    }
}
