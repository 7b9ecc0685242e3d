"""Writes names.json: test vectors for encrypted file names (`pw1.`), made with Python's `cryptography` alone.

    pip install cryptography && python3 tests/vectors/names.py

Written from the layout in the documentation of src/names/mod.rs. Nonces and names are fixed, so a second run writes
the same file. Beside two derived keys, three lists come out:

- sealed: session, nonce, name and fields give exactly this text, and the text gives them back;
- opened: texts our writer would not make, which a reader must accept;
- refused: texts a reader must refuse. Each is one step away from a good one.
"""

import base64
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

INFO = b"partway/v1/name/session/AES-256-GCM"
ASSOCIATED = b"partway-name\x01"
SESSION = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_SESSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
MAX_SAFE = 2**53 - 1  # the largest integer a JavaScript number holds exactly


def derive(session, info=INFO):
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(session.encode())


def field(kind, value):
    return bytes([kind, len(value)]) + value


def size(value):
    return field(0x01, value.to_bytes(8, "big"))


def mime(value):
    return field(0x04, value.encode())


def modified(value):
    return field(0x05, value.to_bytes(8, "big"))


def typed(fields):
    """Fields in the order of their types, as the writer puts them."""
    out = b""
    if "size" in fields:
        out += size(fields["size"])
    if "mime" in fields and 1 <= len(fields["mime"].encode()) <= 255:
        out += mime(fields["mime"])
    if "modified" in fields:
        out += modified(fields["modified"])
    return out


def padded(data, blocks=0):
    return data + bytes(-len(data) % 64) + bytes(64 * blocks)


def named(name, rest=b"", length=None):
    name = name if isinstance(name, bytes) else name.encode()
    return (len(name) if length is None else length).to_bytes(2, "big") + name + rest


def nonce_of(title):
    return hashlib.sha256(title.encode()).digest()[:12]


def envelope(plain, nonce, key=None, suite=1, associated=ASSOCIATED):
    key = derive(SESSION) if key is None else key
    return bytes([suite]) + nonce + AESGCM(key).encrypt(nonce, plain, associated)


def text_of(data, prefix="pw1."):
    return prefix + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


sealed, opened, refused = [], [], []


def seal(title, name, fields=None, session=SESSION, nonce=None):
    fields = fields or {}
    nonce = nonce or nonce_of(title)
    plain = padded(named(name, typed(fields)))
    text = text_of(envelope(plain, nonce, derive(session)))
    sealed.append({"title": title, "session": session, "nonce": nonce.hex(), "name": name, "fields": fields, "text": text})


def accept(title, plain, name, fields=None):
    opened.append({"title": title, "session": SESSION, "name": name, "fields": fields or {},
                   "text": text_of(envelope(plain, nonce_of(title)))})


def refuse(title, plain=None, text=None, session=SESSION, **options):
    if text is None:
        text = text_of(envelope(plain, options.pop("nonce", nonce_of(title)), **options))
    refused.append({"title": title, "session": session, "text": text})


# --- sealed -----------------------------------------------------------------------------------------------------------
every = {"size": 48213, "mime": "application/pdf", "modified": 1767225600123}
seal("plain ASCII", "report.pdf", nonce=bytes(range(12)))
seal("one byte", "a")
seal("a NUL, a slash, a line end: bytes like any other", "a\0b/c\r\n..")
seal("multi-byte: accents, CJK, emoji with joiner, right-to-left", "Übersicht_日本語_👩‍🔬_עברית.txt")
seal("not normalised: decomposed accent", "e\u0301.txt")
seal("byte order mark in front", "\ufeffnotes.txt")
seal("bidi override", "inv\u202egpj.exe")
seal("all fields", "report.pdf", every)
seal("size only", "report.pdf", {"size": 1})
seal("size zero", "empty", {"size": 0})
seal("largest size a number holds", "big.bin", {"size": MAX_SAFE, "modified": MAX_SAFE})
seal("MIME only", "page.html", {"mime": "text/html; charset=utf-8"})
seal("modified only, at the epoch", "old", {"modified": 0})
seal("MIME of 255 bytes", "x", {"mime": "x/" + "y" * 253})
seal("MIME in multi-byte UTF-8", "x", {"mime": "x/ü"})
seal("session ID in upper case is another ID", "report.pdf", session=SESSION.upper())
seal("session ID with white space is not trimmed", "report.pdf", session=f" {SESSION}\n")
seal("session ID of one character", "report.pdf", session="7")
seal("session ID in multi-byte UTF-8", "report.pdf", session="Sitzung-ß-漢")
seal("session ID longer than a hash block", "report.pdf", session="0123456789abcdef" * 13)
seal("all ones nonce", "report.pdf", nonce=b"\xff" * 12)
for blocks in range(1, 17):
    for length in (64 * blocks - 2, 64 * blocks - 1):
        if length <= 1024:
            seal(f"name of {length} bytes", ("n%d." % length + "abcdefghij" * 103)[:length])
seal("name of 1024 bytes", "z" * 1024)
seal("name of 1024 bytes in 256 characters", "🦀" * 256)
seal("name of 1024 bytes, all fields, longest MIME", "z" * 1024, {"size": 1, "mime": "x/" + "y" * 253, "modified": 2})
fill = len(typed(every))
seal("fields end exactly at a block", "f" * (128 - 2 - fill), every)
seal("fields end one byte past a block", "f" * (128 - 1 - fill), every)
seal("fields end one byte before a block", "f" * (128 - 3 - fill), every)

# --- opened -----------------------------------------------------------------------------------------------------------
accept("fields in another order", padded(named("a.txt", modified(3) + mime("text/plain") + size(2))), "a.txt",
       {"size": 2, "mime": "text/plain", "modified": 3})
accept("unknown fields are ignored", padded(named("a.txt", field(0x7f, b"later") + size(2) + field(0x20, b""))), "a.txt", {"size": 2})
accept("an unknown field may come twice", padded(named("a.txt", field(0x7f, b"1") + field(0x7f, b"2"))), "a.txt")
accept("kept types are ignored", padded(named("a.txt", field(2, b"\1") + field(3, bytes(24)) + field(6, b"cid"))), "a.txt")
accept("an unknown field of 255 zero bytes", padded(named("a.txt", field(0x7f, bytes(255)) + size(2))), "a.txt", {"size": 2})
accept("whole blocks of extra padding", padded(named("a.txt", size(2)), blocks=3), "a.txt", {"size": 2})
accept("longest text: 25 blocks, 2176 characters", padded(named("a.txt"), blocks=24), "a.txt")
assert len(opened[-1]["text"]) == 2176

# --- refused: plaintext -----------------------------------------------------------------------------------------------
last = lambda plain, byte: plain[:-1] + bytes([byte])
refuse("padding: last byte not zero", last(padded(named("report.pdf")), 1))
refuse("padding: a field after the first zero", padded(named("report.pdf", b"\0" + size(2))))
refuse("padding: not zero in an extra block", last(padded(named("report.pdf"), blocks=1), 0x80))
refuse("plaintext of 63 bytes", padded(named("report.pdf"))[:-1])
refuse("plaintext of 65 bytes", padded(named("report.pdf")) + b"\0")
refuse("plaintext without padding", named("report.pdf"))
refuse("plaintext of no bytes", b"")
refuse("26 blocks, authentic, 2262 characters", padded(named("a.txt"), blocks=25))
assert len(refused[-1]["text"]) == 2262
refuse("name length 0", padded(named("", size(2))))
refuse("name length 0, block of zeros", bytes(64))
refuse("name one byte beyond the block", named(b"n" * 62, length=63))
refuse("name length 1024 in one block", padded(named("report.pdf", length=1024)))
refuse("name of 1025 bytes", padded(named("n" * 1025)))
refuse("name length 65535", padded(named("report.pdf", length=65535)))
for label, bad in {"lone continuation": b"a\x80b", "overlong slash": b"a\xc0\xafb", "surrogate": b"\xed\xa0\x80", "above U+10FFFF": b"\xf4\x90\x80\x80",
                   "cut sequence": b"a\xe2\x82", "byte 0xff": b"\xff", "UTF-16": "name".encode("utf-16-le") + b"\xd8"}.items():
    refuse(f"name not UTF-8: {label}", padded(named(bad)))
refuse("name length cuts a character in two", padded(named("ü", length=1)))
for kind in (0x80, 0x81, 0xC0, 0xFF):
    refuse(f"critical field {kind:#04x}", padded(named("report.pdf", field(kind, b"x"))))
refuse("critical field of no bytes", padded(named("report.pdf", field(0x80, b""))))
refuse("critical field after known ones", padded(named("report.pdf", typed(every) + field(0x80, b"x"))))
refuse("size twice, equal", padded(named("report.pdf", size(2) + size(2))))
refuse("size twice, unequal", padded(named("report.pdf", size(2) + size(3))))
refuse("size twice, apart", padded(named("report.pdf", size(2) + mime("a/b") + size(3))))
refuse("MIME twice", padded(named("report.pdf", mime("a/b") + mime("a/c"))))
refuse("modified twice", padded(named("report.pdf", modified(1) + modified(2))))
for length in (0, 1, 4, 7, 9, 16):
    refuse(f"size of {length} bytes", padded(named("report.pdf", field(0x01, b"\1" * length))))
    refuse(f"modified of {length} bytes", padded(named("report.pdf", field(0x05, b"\1" * length))))
refuse("MIME of no bytes", padded(named("report.pdf", field(0x04, b""))))
refuse("MIME not UTF-8", padded(named("report.pdf", field(0x04, b"a/\xff"))))
refuse("field runs past the end by one byte", named(b"n" * 52, bytes([0x01, 9]) + b"\1" * 8))
refuse("field says 255 bytes in a small block", padded(named("report.pdf", bytes([0x7F, 255]) + b"x")))
refuse("field type without a length at the end", named(b"n" * 61, b"\x01"))
refuse("ignored field type without a length at the end", named(b"n" * 61, b"\x7f"))

# --- refused: envelope ------------------------------------------------------------------------------------------------
good = padded(named("report.pdf", typed(every)))
base = nonce_of("envelope")
whole = envelope(good, base)
for suite in (0, 2, 3, 255):
    refuse(f"suite {suite}, sealed as such", good, suite=suite, associated=b"partway-name" + bytes([suite]))
    refuse(f"suite {suite}, associated data of suite 1", good, suite=suite)
for label, associated in {"none": None, "no suite": b"partway-name", "suite 2": b"partway-name\x02", "another prefix": b"qsu-name\x01",
                          "a NUL more": ASSOCIATED + b"\0", "suite as a digit": b"partway-name1"}.items():
    refuse(f"associated data: {label}", good, associated=associated)
refuse("nonce of another envelope", text=text_of(whole[:1] + nonce_of("another") + whole[13:]))
refuse("tag of another envelope", text=text_of(whole[:-16] + envelope(good, nonce_of("another"))[-16:]))
refuse("ciphertext of another envelope", text=text_of(whole[:13] + envelope(padded(named("secret.pdf", typed(every))), base)[13:-16] + whole[-16:]))
one, two = (envelope(padded(named(name * 70)), base) for name in "ab")  # same nonce, two blocks each
refuse("blocks of two envelopes", text=text_of(one[:13 + 64] + two[13 + 64:]))
refuse("blocks of one envelope in another order", text=text_of(one[:13] + one[77:141] + one[13:77] + one[141:]))
refuse("a block less", text=text_of(one[:77] + one[141:]))
refuse("tag of 12 bytes", text=text_of(whole[:-4]))
refuse("tag of zeros", text=text_of(whole[:-16] + bytes(16)))
refuse("one byte appended", text=text_of(whole + b"\0"))
refuse("64 bytes appended", text=text_of(whole + bytes(64)))
refuse("one byte in front", text=text_of(b"\1" + whole))
refuse("nonce of 16 bytes", text=text_of(b"\1" + bytes(16) + AESGCM(derive(SESSION)).encrypt(bytes(16), good, ASSOCIATED)))

# --- refused: key -----------------------------------------------------------------------------------------------------
refuse("another session's key", text=text_of(whole), session=OTHER_SESSION)
refuse("session ID in upper case", text=text_of(whole), session=SESSION.upper())
refuse("session ID with a space behind", text=text_of(whole), session=SESSION + " ")
refuse("session ID without dashes", text=text_of(whole), session=SESSION.replace("-", ""))
refuse("key: SHA-256 of the ID", good, key=hashlib.sha256(SESSION.encode()).digest())
refuse("key: another label", good, key=derive(SESSION, b"partway/v1/name/secret/AES-256-GCM"))
refuse("key: no label", good, key=derive(SESSION, b""))
refuse("key: the ID's first 32 bytes", good, key=SESSION.encode()[:32])

# --- refused: text ----------------------------------------------------------------------------------------------------
text = text_of(whole)
body = text[4:]
for label, prefix in {"none": "", "upper case": "PW1.", "version 2": "pw2.", "another prefix": "qn1.", "no dot": "pw1", "twice": "pw1.pw1.",
                      "space in front": " pw1.", "colon": "pw1:", "two dots": "pw1.."}.items():
    refuse(f"prefix: {label}", text=prefix + body)
refuse("empty text", text="")
refuse("prefix alone", text="pw1.")
for count in (1, 2, 3, 4):
    refuse(f"{count} characters of base64", text="pw1." + "A" * count)
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
for blocks, spare, padding in ((1, 0, "="), (2, 4, "=="), (3, 2, "=")):
    canonical = text_of(envelope(padded(b"\0\x05a.txt", blocks - 1), base))
    assert len(padded(b"\0\x05a.txt", blocks - 1)) == 64 * blocks
    refuse(f"base64 with padding, {blocks} blocks", text=canonical + padding)
    refuse(f"base64 with too much padding, {blocks} blocks", text=canonical + "====")
    for bits in range(1, 1 << spare):
        index = alphabet.index(canonical[-1])
        assert index % (1 << spare) == 0
        refuse(f"base64 with spare bits {bits}, {blocks} blocks", text=canonical[:-1] + alphabet[index + bits])
for attempt in range(1000):  # a text with both characters that differ between the alphabets
    both = text_of(envelope(good, nonce_of(f"alphabet {attempt}")))
    if "-" in both and "_" in both:
        break
refuse("standard alphabet", text=both.replace("-", "+").replace("_", "/"))
refuse("standard alphabet, one character", text=both.replace("-", "+"))
refuse("base64 of another case", text="pw1." + body.swapcase())
for label, character in {"space": " ", "line end": "\n", "tab": "\t", "NUL": "\0", "dot": ".", "percent": "%41", "not ASCII": "é", "full-width A": "Ａ"}.items():
    refuse(f"{label} within the base64", text=text[:40] + character + text[40:])
    refuse(f"{label} in place of a character", text=text[:40] + character + text[41:])
    refuse(f"{label} behind", text=text + character)
refuse("hexadecimal", text="pw1." + whole.hex())
refuse("text twice", text=text + text)
refuse("2201 characters", text="pw1." + "A" * 2197)
refuse("2200 characters of nothing", text="pw1." + "A" * 2196)

for vectors in (sealed, opened, refused):
    assert len({vector["title"] for vector in vectors}) == len(vectors)
assert not {(v["session"], v["text"]) for v in sealed + opened} & {(v["session"], v["text"]) for v in refused}

lines = lambda vectors: ",\n".join("    " + json.dumps(vector, ensure_ascii=True) for vector in vectors)
out = pathlib.Path(__file__).with_suffix(".json")
keys = [{"session": session, "key": derive(session).hex()} for session in (SESSION, OTHER_SESSION)]
out.write_text("{\n" + ",\n".join(f'  "{name}": [\n{lines(vectors)}\n  ]' for name, vectors in
               {"keys": keys, "sealed": sealed, "opened": opened, "refused": refused}.items()) + "\n}\n")
print(f"{out.name}: {len(sealed)} sealed, {len(opened)} opened, {len(refused)} refused")
