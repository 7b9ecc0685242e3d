"""The other side of tests/names_peers.rs, in Python's `cryptography` alone. It writes texts, reads ours, and hands out
the vectors of NIST and RFC 5869 that come with the package `cryptography_vectors`.

    peers.py write < [{"scheme", "session", "name"}]  > [text]
    peers.py read < [{"scheme", "session", "text"}]   > [name]
    peers.py vectors                                  > {"gcm": […], "hkdf": […], "cbc": […]}
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

ASSOCIATED = b"partway-name\x01"


def partway_key(session):
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"partway/v1/name/session/AES-256-GCM").derive(session.encode())


def hashed_key(session):
    return hashlib.sha256(session.encode()).digest()


def raw_key(session):
    key = session.encode()
    return key if len(key) == 32 else session.replace("-", "").encode()


def salted_key(session, salt):
    digests = [b""]
    for _ in range(3):
        digests.append(hashlib.md5(digests[-1] + session.encode() + salt).digest())
    return digests[1] + digests[2], digests[3]


def cbc_encrypt(key, iv, name):
    padder, encryptor = PKCS7(128).padder(), Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(name) + padder.finalize()) + encryptor.finalize()


def cbc_decrypt(key, iv, body):
    unpadder, decryptor = PKCS7(128).unpadder(), Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()


def write(scheme, session, name):
    name = name.encode()
    if scheme == "partway":
        nonce, plain = os.urandom(12), len(name).to_bytes(2, "big") + name
        body = AESGCM(partway_key(session)).encrypt(nonce, plain + bytes(-len(plain) % 64), ASSOCIATED)
        return "pw1." + base64.urlsafe_b64encode(b"\1" + nonce + body).rstrip(b"=").decode()
    if scheme == "cryptojs":
        salt = os.urandom(8)
        return base64.b64encode(b"Salted__" + salt + cbc_encrypt(*salted_key(session, salt), name)).decode()
    if scheme == "cbc-raw32":
        iv = os.urandom(16)
        return f"{iv.hex()}:{cbc_encrypt(raw_key(session), iv, name).hex()}"
    key, nonce = {"gcm-sha256": hashed_key, "gcm-raw32": raw_key}[scheme](session), os.urandom(12)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, name, None)).decode()


def read(scheme, session, text):
    if scheme == "partway":
        data = base64.urlsafe_b64decode(text.removeprefix("pw1.") + "==")
        plain = AESGCM(partway_key(session)).decrypt(data[1:13], data[13:], ASSOCIATED)
        return plain[2:2 + int.from_bytes(plain[:2], "big")].decode()
    if scheme == "cryptojs":
        data = base64.b64decode(text, validate=True)
        assert data[:8] == b"Salted__"
        return cbc_decrypt(*salted_key(session, data[8:16]), data[16:]).decode()
    if scheme == "cbc-raw32":
        iv, body = map(bytes.fromhex, text.split(":"))
        return cbc_decrypt(raw_key(session), iv, body).decode()
    data = base64.b64decode(text, validate=True)
    key = {"gcm-sha256": hashed_key, "gcm-raw32": raw_key}[scheme](session)
    return AESGCM(key).decrypt(data[:12], data[12:], None).decode()


def records(text):
    """Runs of `key = value`, each with the `[key = value]` above it and the word FAIL if it stands there."""
    section, record = {}, {}
    for line in text.splitlines() + [""]:
        if match := re.fullmatch(r"\[(\w+) = (\w+)\]", line):
            section[match[1]] = match[2]
        elif re.fullmatch(r"\[\w+\]", line):
            section = {"direction": line}
        elif match := re.fullmatch(r"(\w+) *= *(\w*)", line):
            record[match[1].lower()] = match[2]
        elif line == "FAIL":
            record["fail"] = True
        elif not line and record:
            yield section, record
            record = {}


def vectors():
    import cryptography_vectors
    root = pathlib.Path(cryptography_vectors.__file__).parent
    gcm = []
    for name in ("gcmEncryptExtIV256", "gcmDecrypt256"):
        for section, record in records((root / f"ciphers/AES/GCM/{name}.rsp").read_text()):
            if (section["IVlen"], section["Taglen"]) == ("96", "128"):
                gcm.append({"file": name, "pt": None, **{key: record[key] for key in ("key", "iv", "aad", "ct", "tag", "pt") if key in record}})
                assert ("fail" in record) == (gcm[-1]["pt"] is None)
    merged, hkdf = {}, []
    for _, record in records((root / "KDF/rfc-5869-HKDF-SHA256.txt").read_text()):
        merged |= record  # blank lines stand within these
        if "okm" in record:
            hkdf.append({key: merged[key] for key in ("ikm", "salt", "info", "okm")})
    cbc = []
    for name in ("CBCGFSbox256", "CBCKeySbox256", "CBCVarKey256", "CBCVarTxt256", "CBCMMT256"):
        for _, record in records((root / f"ciphers/AES/CBC/{name}.rsp").read_text()):
            if "key" in record:
                cbc.append({"key": record["key"], "iv": record["iv"], "pt": record["plaintext"], "ct": record["ciphertext"]})
    return {"gcm": gcm, "hkdf": hkdf, "cbc": cbc}


task = sys.argv[1]
if task == "vectors":
    answer = vectors()
else:
    given = json.load(sys.stdin)
    answer = [{"write": write, "read": read}[task](*item.values()) for item in given]
json.dump(answer, sys.stdout)
