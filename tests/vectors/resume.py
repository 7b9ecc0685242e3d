"""Writes resume.json: test vectors for kept uploads, made with Python's `cryptography` and `hmac` alone.

    pip install cryptography && python3 tests/vectors/resume.py

Written from the layout in the documentation of src/resume/mod.rs. Nonces are fixed, so a second run writes the same file.

- scopes: a session ID gives exactly this scope, that of the version before;
- places: a session ID and an endpoint give exactly this scope;
- identities: facts of a file give exactly this identity; no two rows have the same;
- records, tags: nonce and values give exactly this row, and the row gives them back;
- messages: nonce and values give exactly these bytes, and the bytes give them back;
- refused: rows a reader must refuse where they are tried. Each is one step away from a good one.
"""

import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SESSION = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_SESSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
KEPT_RECORD, KEPT_TAG, MESSAGE = 1, 2, 3


def derive(session, label, length=32):
    info = b"partway/v1/resume/" + label
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(session.encode())


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def u16(value):
    return value.to_bytes(2, "big")


def u32(value):
    return value.to_bytes(4, "big")


def u64(value):
    return value.to_bytes(8, "big")


def scope(session, endpoint=None):
    return base64url(derive(session, b"scope" if endpoint is None else b"scope\0" + endpoint.encode(), 16))


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return u16(len(value)) + value


def sample_of(length):
    """Bytes that the Rust test makes again: n mod 251."""
    return bytes(n % 251 for n in range(length))


def identity(session, name, size, modified, sample):
    data = u64(len(name.encode())) + name.encode() + u64(size)
    data += b"\0" if modified is None else b"\1" + u64(modified)
    data += u64(sample) + sample_of(sample)
    return base64url(hmac.new(derive(session, b"identity"), data, hashlib.sha256).digest())


def nonce_of(title):
    return hashlib.sha256(title.encode()).digest()[:12]


def record_plain(record, flag=None):
    modified = record["modified"]
    plain = u64(record["size"]) + u64(record["partSize"]) + u64(record["startedAt"])
    plain += bytes([int(modified is not None) if flag is None else flag]) + u64(modified or 0)
    return plain + text(record["uploadId"]) + text(record["key"]) + text(record["name"])


def padded(data, blocks=0):
    return data + bytes(-len(data) % 64) + bytes(64 * blocks)


def associated(session, file, kind, part=None, record=None, version=1):
    data = b"partway-resume" + bytes([version, kind]) + text(scope(session)) + text(file)
    return data if part is None else data + u32(part) + text(record["uploadId"]) + text(record["key"])


def row(plain, nonce, data, session=SESSION, version=1, label=b"AES-256-GCM"):
    return bytes([version]) + nonce + AESGCM(derive(session, label)).encrypt(nonce, plain, data)


FILE = identity(SESSION, "report.pdf", 48_213, 1_767_225_600_123, 48_213)
RECORD = {"key": "9f/8a1b.bin", "uploadId": "2~VmFsaWQgdXBsb2Fk", "size": 104_857_601, "partSize": 8_388_608,
          "name": "report.pdf", "startedAt": 1_767_225_700_000, "modified": 1_767_225_600_123}

scopes = [{"session": session, "scope": scope(session)} for session in (SESSION, OTHER_SESSION, "x", "日本" * 40)]

files = [("report.pdf", 48_213, 1_767_225_600_123, 48_213), ("report.pdf", 48_213, None, 48_213),
         ("report.pdf", 48_213, 0, 48_213), ("report.pdf", 48_214, 1_767_225_600_123, 48_213),
         ("report.pdf", 48_213, 1_767_225_600_123, 48_212), ("", 0, None, 0), ("", 0, 0, 0),
         ("\0", 0, None, 0), ("Übersicht_日本語_👩‍🔬.txt", 2**53 - 1, 2**63, 196_608), ("n" * 1024, 1, 1, 1)]
identities = [{"session": session, "name": name, "size": size, "modified": modified, "sample": sample,
               "identity": identity(session, name, size, modified, sample)}
              for session in (SESSION, OTHER_SESSION) for name, size, modified, sample in files]
assert len({vector["identity"] for vector in identities}) == len(identities)

records, tags, messages, refused = [], [], [], []


def keep_record(title, session=SESSION, file=FILE, **changes):
    record = {**RECORD, **changes}
    nonce = nonce_of(title)
    sealed = row(padded(record_plain(record)), nonce, associated(session, file, KEPT_RECORD), session)
    records.append({"title": title, "session": session, "identity": file, "nonce": nonce.hex(), "record": record,
                    "row": sealed.hex()})
    return sealed


def keep_tag(title, tag, part=1, session=SESSION, file=FILE, digest=None, **changes):
    record = {**RECORD, **changes}
    nonce = nonce_of(title)
    plain = text(tag) + (b"\1" + digest if digest else b"")
    sealed = row(padded(plain), nonce, associated(session, file, KEPT_TAG, part, record), session)
    tags.append({"title": title, "session": session, "identity": file, "nonce": nonce.hex(), "part": part,
                 "uploadId": record["uploadId"], "key": record["key"], "tag": tag,
                 "digest": digest.hex() if digest else None, "row": sealed.hex()})
    return sealed


good_record = keep_record("usual")
keep_record("no modification", modified=None)
keep_record("modified at 1970", modified=0)
keep_record("another session", session=OTHER_SESSION)
keep_record("another file", file=identity(SESSION, "b", 1, None, 1))
keep_record("empty file, no texts", size=0, key="", uploadId="", name="", modified=None)
keep_record("largest numbers", size=2**64 - 1, partSize=2**64 - 1, startedAt=2**64 - 1, modified=2**64 - 1)
keep_record("other scripts", name="Übersicht_日本語_👩‍🔬_עברית.txt", key="é" * 512)
for length in (0, 1, 42, 43, 44, 106, 107, 108):
    keep_record(f"name of {length} bytes", name="n" * length)
keep_record("longest texts", name="n" * 4096, key="k" * 4096, uploadId="u" * 4096)

good_tag = keep_tag("usual tag", '"5d41402abc4b2a76b9719d911017c592"')
for length in (0, 1, 61, 62, 63, 126, 127, 8192):
    keep_tag(f"tag of {length} bytes", "t" * length)
keep_tag("tag in other scripts", "日本語 \0 \n \U0001f600")
keep_tag("part 10,000", "tag", part=10_000)
keep_tag("part 0", "tag", part=0)
keep_tag("part 2^32 - 1", "tag", part=2**32 - 1)
keep_tag("tag of another session", "tag", session=OTHER_SESSION)
keep_tag("tag of another upload", "tag", uploadId="other")
keep_tag("tag of another key", "tag", key="other")
digest = hashlib.sha256(hashlib.sha256(b"a part").digest()).digest()
for length in (0, 3, 29, 30, 34, 8192):
    keep_tag(f"tag of {length} bytes and a digest", "t" * length, digest=digest)


def message_plain(file, message):
    if message["kind"] != "report":
        return text(file) + bytes([{"requestHandover": 3, "ping": 4}[message["kind"]]])
    key = message["key"]
    plain = text(file) + bytes([2 if key is None else 1]) + u64(message["sent"]) + u64(message["partsDone"])
    return plain + bytes([{None: 0, "done": 1, "gone": 2}[message["end"]]]) + (b"" if key is None else text(key))


def say(title, session=SESSION, file=FILE, **message):
    nonce = nonce_of(title)
    sealed = row(padded(message_plain(file, message)), nonce, associated(session, "", MESSAGE), session)
    messages.append({"title": title, "session": session, "identity": file, "nonce": nonce.hex(), "message": message,
                     "row": sealed.hex()})
    return sealed


REPORT = {"kind": "report", "sent": 5_242_880, "partsDone": 1, "key": "9f/8a1b.bin", "end": None}
good_message = say("a report", **REPORT)
say("a report without a key", **{**REPORT, "key": None})
say("done", **{**REPORT, "end": "done"})
say("given up", **{**REPORT, "end": "gone"})
say("nothing sent", kind="report", sent=0, partsDone=0, key=None, end=None)
say("largest numbers of a report", kind="report", sent=2**64 - 1, partsDone=2**32 - 1, key="k" * 4096, end="done")
say("a message of another session", session=OTHER_SESSION, **REPORT)
say("a message of no file", file="", **REPORT)
say("a request to hand over", kind="requestHandover")
say("a request for a sign of life", kind="ping")


def refuse(title, kind, sealed, session=SESSION, file=FILE, part=1, upload_id=RECORD["uploadId"], key=RECORD["key"]):
    refused.append({"title": title, "kind": kind, "session": session, "identity": file, "part": part,
                    "uploadId": upload_id, "key": key, "row": sealed.hex()})


def bad_record(title, plain, **how):
    refuse(title, "record", row(plain, nonce_of(title), associated(SESSION, FILE, KEPT_RECORD), **how))


def bad_tag(title, plain, **how):
    refuse(title, "tag", row(plain, nonce_of(title), associated(SESSION, FILE, KEPT_TAG, 1, RECORD), **how))


plain = record_plain(RECORD)
refuse("a record as a tag", "tag", good_record)
refuse("a tag as a record", "record", good_tag)
refuse("a record of another session", "record", good_record, session=OTHER_SESSION)
refuse("a record of another file", "record", good_record, file=FILE[:-1] + "_")
refuse("a record of no file", "record", good_record, file="")
refuse("a tag of another session", "tag", good_tag, session=OTHER_SESSION)
refuse("a tag of another file", "tag", good_tag, file=FILE[::-1])
refuse("a tag of another part", "tag", good_tag, part=2)
refuse("a tag of the part above it in another byte order", "tag", good_tag, part=1 << 24)
refuse("a tag of an earlier upload", "tag", good_tag, upload_id="earlier")
refuse("a tag of an earlier key", "tag", good_tag, key="earlier")
refuse("upload ID and key moved against each other", "tag", good_tag,
       upload_id=RECORD["uploadId"] + RECORD["key"][:1], key=RECORD["key"][1:])
refuse("file and upload ID moved against each other", "tag", good_tag, file=FILE[:-1])
refuse("nothing", "record", b"")
refuse("a version alone", "record", b"\1")
refuse("no ciphertext", "record", row(b"", nonce_of("none"), associated(SESSION, FILE, KEPT_RECORD)))
refuse("a record twice", "record", good_record + good_record)
refuse("a record and a block", "record", good_record + bytes(64))
for version in (0, 2, 255):
    refuse(f"version {version}, not in the associated data", "record", bytes([version]) + good_record[1:])
    sealed = row(padded(plain), nonce_of(f"version {version}"),
                 associated(SESSION, FILE, KEPT_RECORD, version=version), version=version)
    refuse(f"version {version}", "record", sealed)
bad_record("under another label", padded(plain), label=b"AES-256-GCM/2")
bad_record("under the key of identities", padded(plain), label=b"identity")
bad_record("no padding", plain)
bad_record("a block of padding too many", padded(plain, 1))
bad_record("padding that is not zero", padded(plain)[:-1] + b"\1")
bad_record("a byte after the last text", padded(plain + b"x"))
bad_record("a flag that is no flag", padded(record_plain(RECORD, flag=2)))
bad_record("a modification that is not there", padded(record_plain(RECORD, flag=0)))
bad_record("parts of no size", padded(record_plain({**RECORD, "partSize": 0})))
numbers = plain[:33]
bad_record("a text longer than the rest", padded(numbers + u16(65_535) + b"u"))
bad_record("bad UTF-8 in the name", padded(numbers + text("u") + text("k") + text(b"\xff\xfe")))
bad_record("half a character in the key", padded(numbers + text("u") + text("é".encode()[:1]) + text("n")))
bad_record("a text over the limit", padded(numbers + text("u") + text("k") + text("n" * 4097)))
bad_record("all zeros", bytes(64))
bad_record("blocks over the limit", bytes(64 * 200))
bad_tag("a tag without padding", text("tag"))
bad_tag("a tag with a block too many", padded(text("tag"), 1))
bad_tag("a tag with a byte behind", padded(text("tag") + b"x"))
bad_tag("a digest that is cut short", padded(text("t" * 31) + b"\1" + digest[:30]))
bad_tag("a digest without its mark", padded(text("tag") + b"\x85" + digest[1:]))
bad_tag("a digest under another mark", padded(text("tag") + b"\2" + digest))
bad_tag("a byte behind a digest", padded(text("tag") + b"\1" + digest + b"x"))
bad_tag("a tag longer than the rest", padded(u16(63) + b"t"))
bad_tag("a tag over the limit", padded(text("t" * 8193)))
bad_tag("a tag in bad UTF-8", padded(text(b"\xc3\x28")))

def bad_message(title, plain, **how):
    refuse(title, "message", row(plain, nonce_of(title), associated(SESSION, "", MESSAGE), **how))


plain = message_plain(FILE, REPORT)
refuse("a record as a message", "message", good_record)
refuse("a tag as a message", "message", good_tag)
refuse("a message as a record", "record", good_message)
refuse("a message as a record of no file", "record", good_message, file="")
refuse("a message to another session", "message", good_message, session=OTHER_SESSION)
bad_message("a message without padding", plain)
bad_message("a message with a block too many", padded(plain, 1))
bad_message("a message with a byte behind", padded(plain + b"x"))
bad_message("a message of an unknown kind", padded(text(FILE) + bytes([5]) + plain[len(text(FILE)) + 1:]))
bad_message("a message of no kind", padded(text(FILE) + bytes([0])))
bad_message("a message with an unknown end", padded(plain[:len(text(FILE)) + 17] + b"\3" + text("k")))
bad_message("more parts than there are numbers",
            padded(message_plain(FILE, {**REPORT, "partsDone": 2**32})))
bad_message("a report that is cut short", padded(plain[:len(text(FILE)) + 12]))
bad_message("a report whose key is missing", padded(plain[:len(text(FILE)) + 18] + u16(200)))
bad_message("a message with a key over the limit", padded(message_plain(FILE, {**REPORT, "key": "k" * 4097})))
bad_message("a message about a file over the limit", padded(message_plain("f" * 4097, REPORT)))
bad_message("a ping with a report behind it", padded(text(FILE) + bytes([4]) + plain[len(text(FILE)) + 1:]))

places = [{"session": session, "endpoint": endpoint, "scope": scope(session, endpoint)}
          for session in (SESSION, OTHER_SESSION)
          for endpoint in ("https://api.example/v1", "https://api.example/v2", "http://localhost:8080", "")]
assert len({place["scope"] for place in places}) == len(places)

for vectors in (records, tags, messages, refused):
    assert len({vector["title"] for vector in vectors}) == len(vectors)

lines = lambda vectors: ",\n".join("    " + json.dumps(vector, ensure_ascii=True) for vector in vectors)
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text("{\n" + ",\n".join(f'  "{name}": [\n{lines(vectors)}\n  ]' for name, vectors in
               {"scopes": scopes, "identities": identities, "records": records, "tags": tags,
                "messages": messages, "refused": refused, "places": places}.items()) + "\n}\n")
print(f"{out.name}: {len(scopes)} scopes, {len(identities)} identities, {len(records)} records, {len(tags)} tags, "
      f"{len(messages)} messages, "
      f"{len(refused)} refused")
