"""The encrypted temporary copy of what came in (端末の一時保存, SYS-W-04).

A file is a run of AES-256-GCM frames, so memory does not grow with it; the last frame is marked,
so a cut-off copy is found. Reading raises Damaged instead of giving wrong bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

FRAME = 1 << 20
_MAGIC = b"SHUNO1"
_MORE, _LAST = b"\x00", b"\x01"


class Damaged(RuntimeError):
    """The stored copy is not what was stored."""


class TooLarge(ValueError):
    """More bytes than the limit."""


@dataclass(frozen=True)
class Stored:
    """What was stored: its name in the vault, size in bytes and SHA-256 of the plain bytes."""

    name: str
    size: int
    sha256: str


def folder() -> Path:
    path = Path(settings.RECEIPTS_DIR) / "vault"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _cipher() -> AESGCM:
    return AESGCM(bytes.fromhex(settings.RECEIPT_STORE_KEY))


def store(stream: BinaryIO, *, limit: int) -> Stored:
    """Encrypt a stream into the vault, durably. Raises TooLarge, OSError; leaves nothing behind then."""
    name = secrets.token_hex(16)
    final = folder() / name
    part = final.with_suffix(".part")
    digest, size = hashlib.sha256(), 0
    try:
        with open(part, "xb") as target:
            prefix = secrets.token_bytes(8)
            target.write(_MAGIC + prefix)
            cipher, counter = _cipher(), 0
            frame = _read(stream)
            while True:
                following = _read(stream) if frame else b""
                size += len(frame)
                if size > limit:
                    raise TooLarge
                digest.update(frame)
                sealed = cipher.encrypt(
                    prefix + counter.to_bytes(4, "big"), frame, _MORE if following else _LAST
                )
                target.write(len(sealed).to_bytes(4, "big") + sealed)
                counter += 1
                if not following:
                    break
                frame = following
            target.flush()
            os.fsync(target.fileno())
        os.replace(part, final)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return Stored(name, size, digest.hexdigest())


def _read(stream: BinaryIO) -> bytes:
    """A full frame unless the stream ends; pipes and sockets may give less at a time."""
    parts, missing = [], FRAME
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def read(name: str) -> Iterator[bytes]:
    """The plain bytes, a frame at a time. Raises Damaged, FileNotFoundError."""
    cipher, counter, last = _cipher(), 0, False
    with open(folder() / name, "rb") as source:
        head = source.read(len(_MAGIC) + 8)
        prefix = head[len(_MAGIC) :]
        if head[: len(_MAGIC)] != _MAGIC:
            raise Damaged(name)
        while length := source.read(4):
            sealed = source.read(int.from_bytes(length, "big"))
            nonce = prefix + counter.to_bytes(4, "big")
            try:
                frame = cipher.decrypt(nonce, sealed, _MORE)
            except InvalidTag:
                try:
                    frame, last = cipher.decrypt(nonce, sealed, _LAST), True
                except InvalidTag:
                    raise Damaged(name) from None
            yield frame
            counter += 1
            if last:
                break
        if not last or source.read(1):
            raise Damaged(name)


def delete(name: str) -> None:
    """Remove the copy; gone already is fine."""
    (folder() / name).unlink(missing_ok=True)


def sweep(known: set[str], *, older_than_seconds: float, now: float) -> int:
    """Remove copies no row knows of: a crash between storing and recording leaves one."""
    removed = 0
    for path in folder().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.name not in known and now - path.stat().st_mtime > older_than_seconds:
                path.unlink()
                removed += 1
    return removed
