"""Writes schemes.json: names in every scheme of other software, made with Python's `cryptography` and `hashlib` alone.

    pip install cryptography && python3 tests/vectors/schemes.py

Written from the tables in the documentation of src/names/mod.rs. A second run writes the same file. Four lists:

- written: session, scheme, random bytes and name give exactly this text, and the text gives name and scheme back;
- read: texts our writer would not make, which a reader must accept as this scheme;
- refused: texts a reader must not read as anything, not even as plain;
- plain: names that only look a little like something else.
"""

import base64
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
BYTES32 = "k7Q2m9-xZ4tR8_wB1nL6vC3-yH5sD0fG"
SHORT = "k7q2m9xz"
UMLAUT = "Sitzung-ß-漢"
MAGIC = b"Salted__"
assert len(BYTES32) == 32

written, read, refused, plain = [], [], [], []
b64 = lambda data: base64.b64encode(data).decode()
b64url = lambda data: base64.urlsafe_b64encode(data).decode()


def random_of(title, count):
    return hashlib.sha256(title.encode()).digest()[:count]


def sha256(session):
    return hashlib.sha256(session.encode()).digest()


def raw32(session):
    key = session.encode()
    return key if len(key) == 32 else session.replace("-", "").encode()


def encode(name):
    return name if isinstance(name, bytes) else name.encode()


def gcm(key, name, nonce, associated=None):
    return nonce + AESGCM(key).encrypt(nonce, encode(name), associated)


def pkcs7(name):
    padder = PKCS7(128).padder()
    return padder.update(encode(name)) + padder.finalize()


def cbc(key, padded, iv):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def evp(session, salt, chain=3):
    digests = [b""]
    for _ in range(chain):
        digests.append(hashlib.md5(digests[-1] + session.encode() + salt).digest())
    return digests[1] + digests[2], digests[3]


def salted(session, padded, salt, magic=MAGIC):
    key, iv = evp(session, salt)
    return magic + salt + cbc(key, padded, iv)


def write(title, scheme, name, session=GUID, random=None):
    random = random or random_of(title, {"cryptojs": 8, "cbc-raw32": 16}.get(scheme, 12))
    text = {"cryptojs": lambda: b64(salted(session, pkcs7(name), random)),
            "gcm-sha256": lambda: b64(gcm(sha256(session), name, random)),
            "gcm-raw32": lambda: b64(gcm(raw32(session), name, random)),
            "cbc-raw32": lambda: f"{random.hex()}:{cbc(raw32(session), pkcs7(name), random).hex()}",
            "plain": lambda: name}[scheme]()
    written.append({"title": f"{scheme}: {title}", "scheme": scheme, "session": session, "random": random.hex(), "name": name, "text": text})


def accept(title, scheme, text, name="report.pdf", session=GUID):
    read.append({"title": f"{scheme}: {title}", "scheme": scheme, "session": session, "name": name, "text": text})


def refuse(title, text, session=GUID):
    refused.append({"title": title, "session": session, "text": text})


# --- written ----------------------------------------------------------------------------------------------------------
write("published vector", "cryptojs", "report.pdf", random=bytes(range(1, 9)))
write("published vector", "gcm-sha256", "report.pdf", random=bytes(range(12)))
write("published vector", "gcm-raw32", "report.pdf", random=bytes(range(12)))
write("first vector", "cbc-raw32", "report.pdf", random=bytes(range(16)))
names = {"one byte": "a", "15 bytes": "fifteen-bytes.x", "16 bytes": "sixteen-bytes.tx", "17 bytes": "seventeen-byte.tx",
         "multi-byte": "Übersicht_日本語_👩‍🔬_עברית.txt", "not normalised": "e\u0301.txt", "byte order mark in front": "\ufeffnotes.txt",
         "bidi override": "inv\u202egpj.exe", "space at both ends": " a ", "255 bytes": "n" * 251 + ".txt",
         "1024 bytes": "z " * 512, "1024 bytes in 256 characters": "🦀" * 256}
for scheme in ("cryptojs", "gcm-sha256", "gcm-raw32", "cbc-raw32", "plain"):
    for title, name in names.items():
        write(title, scheme, name)
    write("another session", scheme, "report.pdf", session=OTHER)
    write("ID of 32 bytes with dashes", scheme, "report.pdf", session=BYTES32)
    write("GUID without dashes", scheme, "report.pdf", session=GUID.replace("-", ""))
for scheme in ("cryptojs", "gcm-sha256"):
    write("short ID", scheme, "report.pdf", session=SHORT)
    write("ID of several scripts", scheme, "report.pdf", session=UMLAUT)
    write("long ID", scheme, "report.pdf", session="0123456789abcdef" * 13)
for scheme in ("gcm-sha256", "gcm-raw32"):
    write("a NUL, a slash, a line end: bytes like any other", scheme, "a\0b/c\r\n..")

# --- read: layouts we do not write ------------------------------------------------------------------------------------
salt, nonce, iv = random_of("salt", 8), random_of("nonce", 12), random_of("iv", 16)
sealed = salted(GUID, pkcs7("report.pdf"), salt)
accept("hexadecimal of base64", "cryptojs", b64(sealed).encode().hex())
accept("hexadecimal of base64, upper case", "cryptojs", b64(sealed).encode().hex().upper())
accept("hexadecimal", "cryptojs", sealed.hex())
accept("base64 without padding", "cryptojs", b64(salted(GUID, pkcs7("report.pdf"), salt)).rstrip("="))
for attempt in range(1000):
    both = salted(GUID, pkcs7("n" * 40), random_of(f"alphabet {attempt}", 8))
    if "-" in b64url(both) and "_" in b64url(both):
        break
accept("base64url", "cryptojs", b64url(both), "n" * 40)
wrapped = b64(salted(GUID, pkcs7("n" * 90), salt))
accept("wrapped as by openssl enc -a", "cryptojs", "".join(wrapped[at : at + 64] + "\n" for at in range(0, len(wrapped), 64)), "n" * 90)
for scheme, key in (("gcm-sha256", sha256(GUID)), ("gcm-raw32", raw32(GUID))):
    one = gcm(key, "report.pdf", nonce)
    accept("hexadecimal", scheme, one.hex())
    accept("hexadecimal, upper case", scheme, one.hex().upper())
    accept("with a line break", scheme, b64(one) + "\r\n")
    accept("base64 without padding", scheme, b64(one).rstrip("="))
    for attempt in range(1000):
        both = gcm(key, "a name", random_of(f"alphabet {scheme} {attempt}", 12))
        if "-" in b64url(both) and "_" in b64url(both):
            break
    assert b64url(both).endswith("==")
    accept("base64url", scheme, b64url(both), "a name")
    accept("base64url without padding", scheme, b64url(both).rstrip("="), "a name")
    accept("as long as whole blocks", scheme, b64(gcm(key, "four", nonce)), "four")
    assert len(gcm(key, "four", nonce)) % 16 == 0
for label, key in (("", raw32(GUID)), (", SHA-256 of the ID", sha256(GUID))):
    body = cbc(key, pkcs7("report.pdf"), iv)
    accept(f"pair in upper case{label}", "cbc-raw32", f"{iv.hex()}:{body.hex()}".upper())
    accept(f"pair{label}, again", "cbc-raw32", f"{iv.hex()}:{body.hex()}")
    accept(f"IV in front, base64{label}", "cbc-raw32", b64(iv + body))
    accept(f"IV in front, base64url without padding{label}", "cbc-raw32", b64url(iv + body).rstrip("="))
    accept(f"IV in front, hexadecimal{label}", "cbc-raw32", (iv + body).hex())
    accept(f"IV in front, two blocks{label}", "cbc-raw32", b64(iv + cbc(key, pkcs7("n" * 20), iv)), "n" * 20)

# --- refused ----------------------------------------------------------------------------------------------------------
refuse("empty", "")
refuse("2201 plain characters", "a b" * 733 + "cd")
refuse("2201 hexadecimal digits", "a" * 2201)
refuse("2202 hexadecimal digits", "ab" * 1101)
good = {vector["title"]: vector for vector in written}
for scheme in ("cryptojs", "gcm-sha256", "gcm-raw32", "cbc-raw32"):
    text = good[f"{scheme}: 255 bytes"]["text"]
    refuse(f"{scheme}: another session", text, session=OTHER)
    refuse(f"{scheme}: a session whose ID is no raw key", text, session=SHORT)
    refuse(f"{scheme}: the ID in upper case", text, session=GUID.upper())
    refuse(f"{scheme}: the ID with a space behind", text, session=GUID + " ")
for scheme in ("cryptojs", "gcm-sha256"):
    refuse(f"{scheme}: the ID without dashes", good[f"{scheme}: 255 bytes"]["text"], session=GUID.replace("-", ""))
# pw1. never falls through, whatever follows.
for scheme in ("cryptojs", "gcm-sha256", "gcm-raw32", "cbc-raw32"):
    refuse(f"pw1. before {scheme}", "pw1." + good[f"{scheme}: one byte"]["text"])
for label, text in {"alone": "pw1.", "a name": "pw1.report.pdf", "a short word": "pw1.txt", "zeros": "pw1." + "A" * 124}.items():
    refuse(f"pw1.: {label}", text)
# GCM
for scheme, key in (("gcm-sha256", sha256(GUID)), ("gcm-raw32", raw32(GUID))):
    one = gcm(key, "report.pdf", nonce)
    refuse(f"{scheme}: no name at all", b64(gcm(key, "", nonce)))
    refuse(f"{scheme}: name of 1025 bytes", b64(gcm(key, "n" * 1025, nonce)))
    refuse(f"{scheme}: name not UTF-8", b64(gcm(key, b"n\xff.txt", nonce)))
    refuse(f"{scheme}: surrogate", b64(gcm(key, b"\xed\xa0\x80.txt", nonce)))
    refuse(f"{scheme}: associated data", b64(gcm(key, "report.pdf", nonce, b"x")))
    refuse(f"{scheme}: nonce of another", b64(random_of("another", 12) + one[12:]))
    refuse(f"{scheme}: tag of another", b64(one[:-16] + gcm(key, "report.pdf", random_of("another", 12))[-16:]))
    refuse(f"{scheme}: one byte appended", b64(one + b"\0"))
    refuse(f"{scheme}: one byte less", b64(one[:-1]))
    refuse(f"{scheme}: AES-128 of half the key", b64(gcm(key[:16], "report.pdf", nonce)))
refuse("GCM: the GUID's 16 bytes are no key of 256 bits", b64(gcm(bytes.fromhex(GUID.replace("-", "")), "report.pdf", nonce)))
refuse("GCM: the first 32 characters of the ID are no key", b64(gcm(GUID.encode()[:32], "report.pdf", nonce)))
# CBC, each in the layout of every scheme that has it
def refuse_cbc(title, padded):
    raw = cbc(raw32(GUID), padded, iv)
    refuse(f"cbc pair: {title}", f"{iv.hex()}:{raw.hex()}")
    refuse(f"cbc run: {title}", b64(iv + raw))
    refuse(f"cbc run, SHA-256: {title}", b64(iv + cbc(sha256(GUID), padded, iv)))
    refuse(f"cryptojs: {title}", b64(salted(GUID, padded, salt)))


for label, last in {"0": 0, "17": 17, "255": 255}.items():
    refuse_cbc(f"padding byte {label}", b"report.pdfabcde" + bytes([last]))
refuse_cbc("padding byte 2 after another byte", b"report.pdfabcd" + b"\3\2")
refuse_cbc("padding byte 6 with one wrong", b"report.pdf" + b"\6\6\5\6\6\6")
refuse_cbc("padding of zeros", b"report.pdf" + bytes(6))
refuse_cbc("ISO 10126 padding", b"report.pdf" + b"\x9c\x11\x42\x77\xe0\6")
refuse_cbc("padding block alone: no name at all", pkcs7(""))
for label, name in {"not UTF-8": b"n\xff.txt", "surrogate": b"\xed\xa0\x80.txt", "overlong": b"\xc0\xaf.txt", "cut sequence": "ü".encode()[:1],
                    "a NUL": "a\0b", "line end": "a\nb", "DEL": "a\x7f", "C1 control": "a\u0085b", "slash": "../a", "backslash": "a\\b",
                    "1025 bytes": "n" * 1025}.items():
    refuse_cbc(label, pkcs7(name))
pair = good["cbc-raw32: 255 bytes"]["text"]
refuse("cbc pair: half a byte less", pair[:-1])
refuse("cbc pair: a byte less", pair[:-2])
refuse("cbc pair: a byte more", pair + "00")
refuse("cbc pair: a block less", pair[:-32])
refuse("cbc pair: one digit", "0" * 32 + ":a")
text = good["cryptojs: 255 bytes"]["text"]
refuse("cryptojs: a character less", text.rstrip("=")[:-1])
refuse("cryptojs: a character more", text + "A")
refuse("cryptojs: half", text[:200])
refuse("cryptojs: magic alone", b64(MAGIC + salt))
refuse("cryptojs: magic cut", "U2FsdGVkX1")
refuse("cryptojs: magic cut, hexadecimal", b"U2FsdGVkX1".hex())
refuse("cryptojs: alphabets mixed", "U2FsdGVkX1+_" + "A" * 32)
refuse("cryptojs: zero bytes of ciphertext after the salt, hexadecimal", (MAGIC + salt + bytes(12)).hex())
refuse("cryptojs: two rounds of MD5", b64(MAGIC + salt + cbc(*(lambda k: (hashlib.md5(k[0][:16]).digest() + hashlib.md5(k[0][16:]).digest(), pkcs7("report.pdf"), k[1]))(evp(GUID, salt)))))
key, start = hashlib.sha256(GUID.encode() + salt).digest(), hashlib.sha256(hashlib.sha256(GUID.encode() + salt).digest() + GUID.encode() + salt).digest()[:16]
refuse("cryptojs: SHA-256 in place of MD5", b64(MAGIC + salt + cbc(key, pkcs7("report.pdf"), start)))
refuse("cryptojs: no salt in the derivation", b64(MAGIC + salt + cbc(evp(GUID, b"")[0], pkcs7("report.pdf"), evp(GUID, b"")[1])))
for title, text in {"a name that begins so": "U2FsdGVkX1 notes.txt", "an extension": "U2FsdGVkX1.txt", "wrapped": "U2FsdGVkX1\n" + "A" * 40}.items():
    refuse(f"cryptojs: {title}", text)
# A Salted__ text is tried as nothing else, so this proven GCM text whose nonce begins like the magic is refused.
refuse("cryptojs: bytes that are good GCM", b64(gcm(sha256(GUID), "report.pdf", MAGIC + b"1234")))
# Bare base64 and hexadecimal that fits no key
refuse("random bytes, base64", b64(random_of("a", 32) + random_of("b", 32)))
refuse("random bytes, wrapped", "Q" * 20 + "\r\n" + "Q" * 20 + "\n")
refuse("random bytes, 28", b64(random_of("a", 28)))
refuse("SHA-256 in hexadecimal", random_of("a", 32).hex())
for label, key in {"raw key": raw32(GUID), "SHA-256": sha256(GUID)}.items():
    for length in (16, 24, 40, 100):
        refuse(f"CBC with an IV of zeros that is not sent, {label}, {length} bytes", b64(cbc(key, pkcs7("abcdefgh" * 12 + "abcd" if length == 100 else "n" * length), bytes(16))))

# --- plain ------------------------------------------------------------------------------------------------------------
texts = ["report.pdf", "photo", "deadbeef.bin", "deadbeef", "U2FsdGVkX", "pw1", "pw1_.txt", "PW1.txt", "pw2.AAAA", " pw1.AA",
         "qn1.AQABAgMEBQYHCAkKC", "a:b", "12:30", "d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E.txt",
         "da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709.tar.gz", "0f8fad5b-d9cb-469f-a165-70867728950e",
         "0f8fad5bd9cb469fa16570867728950e:", "0f8fad5bd9cb469fa16570867728950e:zz", "0f8fad5bd9cb469fa16570867728950e:00 ", "0f8fad5bd9cb469fa16570867728950:00",
         "0f8fad5bd9cb469fa16570867728950g:00", "+f8fad5bd9cb469fa16570867728950e:00", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.txt",
         "a name with a good many words, no dot and spaces", "Übersicht-ohne-Endung-aber-lang-genug-für-base64", "日本語" * 10, "\ufeff", "\u0000", "../../etc/passwd", " ", "=", "====",
         "A" * 36, "A" * 37, "A" * 41 + "=", "A" * 39 + "==", "A" * 40 + "====", "A" * 37 + "B", "AAAA+AAAA_" * 4, "a b" * 733 + "c", "é" * 2200,
         "C:\\Users\\me\\a.txt", "<img src=x onerror=alert(1)>", "__proto__", "e\u0301", "Q" * 37 + "\n", " " + "Q" * 40, "Q" * 40 + " ", "a\nb", "\npw1.AAAA"]
# Base64 whose spare bits are not zero is no base64: one text would have many forms.
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
for scheme, name in (("gcm-sha256", "report.pdf"), ("gcm-raw32", "report.pdf"), ("gcm-sha256", "report12.pdf"), ("gcm-raw32", "report12.pdf")):
    text = b64(gcm(sha256(GUID) if scheme == "gcm-sha256" else raw32(GUID), name, nonce))
    body = text.rstrip("=")
    spare = {2: 15, 3: 3}[len(body) % 4]
    last = alphabet.index(body[-1])
    assert last & spare == 0
    texts += [body[:-1] + alphabet[last | bit] + text[len(body):] for bit in (1, spare)] + [body[:-1] + alphabet[last | 1]]
    texts += [body + "=" * count for count in range(1, 5) if count != len(text) - len(body)]
for text in texts:
    plain.append({"title": text[:40] + text[-8:], "session": GUID, "text": text})

for vectors in (written, read, refused, plain):
    assert len({vector["title"] for vector in vectors}) == len(vectors)
seen = [{(v["session"], v["text"]) for v in vectors} for vectors in (refused, plain, [w for w in written if w["scheme"] != "plain"] + read)]
assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
lines = lambda vectors: ",\n".join("    " + json.dumps(vector, ensure_ascii=True) for vector in vectors)
out = pathlib.Path(__file__).with_suffix(".json")
lists = {"written": written, "read": read, "refused": refused, "plain": plain}
out.write_text("{\n" + ",\n".join(f'  "{name}": [\n{lines(vectors)}\n  ]' for name, vectors in lists.items()) + "\n}\n")
print(f"{out.name}: " + ", ".join(f"{len(vectors)} {name}" for name, vectors in lists.items()))
