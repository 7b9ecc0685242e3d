//! `FileEntry`, `SessionRules` and `UploadProgress`, as plain JavaScript objects.

use super::error::defect;
use crate::browser::SourceFile;
use crate::engine::{Progress, View};
use crate::names::{NameFields, Scheme, SessionNames};
use crate::protocol::{FileInfo, Rules};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// One file of the bucket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    pub key: String,
    pub name: Option<String>,
    pub name_scheme: Option<&'static str>,
    pub name_authenticated: bool,
    #[serde(rename = "type")]
    pub mime: Option<String>,
    /// Whether the size inside the name's envelope is the one listed.
    pub size_matches: Option<bool>,
    pub size: f64,
    pub parts: f64,
    pub completed: bool,
    pub creator: Option<String>,
}

impl FileEntry {
    /// Reads an entry of the service. A name that cannot be read is no error: it is absent.
    pub fn read(info: FileInfo, key: String, names: &SessionNames) -> Self {
        let (size, parts) = (info.size() as f64, info.parts() as f64);
        let mut entry = Self {
            key,
            name: None,
            name_scheme: None,
            name_authenticated: false,
            mime: None,
            size_matches: None,
            size,
            parts,
            completed: info.is_complete(),
            creator: info.creator_id,
        };
        if let Some(read) = info.file_name.and_then(|text| names.read(&text)) {
            entry.name_scheme = Some(read.scheme.as_str());
            entry.name_authenticated = read.authenticated;
            entry.set_fields(&read.fields);
            entry.name = Some(read.name);
        }
        entry
    }

    /// The entry of a file that was uploaded here.
    pub fn of_upload(source: &SourceFile, scheme: Scheme, view: &View) -> Self {
        let mut entry = Self {
            key: view.key.clone().unwrap_or_default(),
            name: Some(source.name.clone()),
            name_scheme: Some(scheme.as_str()),
            name_authenticated: scheme.authenticates(),
            mime: None,
            size_matches: None,
            size: source.size as f64,
            parts: f64::from(view.progress.parts),
            completed: true,
            creator: None,
        };
        if scheme == Scheme::Partway {
            entry.set_fields(&sealed_fields(source));
        }
        entry
    }

    /// What travelled with the name.
    fn set_fields(&mut self, fields: &NameFields) {
        // As of a Blob: whoever sealed the name may have written anything.
        let is_mime = |mime: &String| mime.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        self.mime = fields.mime.clone().filter(is_mime);
        self.size_matches = fields.size.map(|size| size as f64 == self.size);
    }

    /// The entry as an object.
    pub fn to_js(&self) -> Result<JsValue, JsValue> {
        to_js(self)
    }
}

/// What travels with a file's name.
pub fn sealed_fields(source: &SourceFile) -> NameFields {
    NameFields {
        size: Some(source.size),
        mime: Some(source.file.type_()).filter(|mime| !mime.is_empty()),
        modified: source.modified,
    }
}

/// `SessionRules`: only what is known.
pub fn rules_to_js(rules: &Rules) -> Result<JsValue, JsValue> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct SessionRules {
        #[serde(skip_serializing_if = "Option::is_none")]
        max_files: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_total_mega_bytes: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expiry: Option<f64>,
    }
    to_js(&SessionRules {
        max_files: rules.max_files.map(|files| files as f64),
        max_total_mega_bytes: rules.max_total_mega_bytes,
        expiry: rules.expiry,
    })
}

/// `UploadProgress`.
pub fn progress_to_js(progress: &Progress) -> Result<JsValue, JsValue> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct UploadProgress {
        sent: f64,
        total: f64,
        parts_done: u32,
        parts: u32,
        speed: f64,
        time_left: Option<f64>,
        resumed_from: f64,
    }
    to_js(&UploadProgress {
        sent: progress.sent as f64,
        total: progress.total as f64,
        parts_done: progress.parts_done,
        parts: progress.parts,
        speed: progress.speed,
        time_left: progress.time_left,
        resumed_from: progress.resumed_from as f64,
    })
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    // Plain objects and nulls, as JSON would have them.
    value.serialize(&Serializer::json_compatible()).map_err(defect)
}
