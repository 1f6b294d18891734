import pytest

from avatar.errors import AvatarError
from streaming.doctor import stun_probe
from streaming.doctor.stun_probe import open_probe, resolve


async def test_one_probe_tells_another_where_it_is() -> None:
    asking, own = await open_probe("127.0.0.1")
    answering, address = await open_probe("127.0.0.1")
    assert await asking.ask(address) == own
    asking.send(b"hello", address)
    assert await answering.heard.get() == b"hello"
    asking.close()
    answering.close()


async def test_silence_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun_probe, "PAUSE", 0.05)
    asking, _ = await open_probe("127.0.0.1")
    gone, address = await open_probe("127.0.0.1")
    gone.close()
    with pytest.raises(TimeoutError):
        await asking.ask(address)
    asking.close()


async def test_a_name_that_is_not_there_is_one_line() -> None:
    with pytest.raises(AvatarError, match=r"nowhere\.invalid"):
        await resolve("nowhere.invalid", 3478)
