"""UDP, STUN and TURN, tried as a call would use them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioice import stun, turn
from aioice.ice import get_host_addresses
from aiortc.rtcicetransport import parse_stun_turn_uri

from avatar.errors import AvatarError
from streaming.core.ice_servers import IceServer, IceServers
from streaming.doctor.finding import Finding
from streaming.doctor.stun_probe import StunProbe, open_probe, resolve
from streaming.security.ip_addresses import parse_address

TURN_TIMEOUT_S = 6.0  # for an allocation
RELAY_TIMEOUT_S = 1.0  # for a packet through the relay, each of TRIES times
TRIES = 3
PACKET = b"avatar doctor"


async def check_network(ice_servers: IceServers) -> list[Finding]:
    """Everything that calls need of the network, tried."""
    findings = [await _udp()]
    servers = ice_servers.issue()
    for server in servers:
        findings.append(await (_turn(server) if server.relays else _stun(server)))
    if not servers:
        words = (
            "no STUN or TURN server is set: right on one machine or in one network; callers "
            "elsewhere get in only if this machine's UDP ports can be reached from outside"
        )
        findings.append(Finding("ICE servers", "note", words))
    return findings


async def _udp() -> Finding:
    hosts = get_host_addresses(use_ipv4=True, use_ipv6=False)
    if not hosts:
        words = "there is no network but this machine's own; only calls from here would work"
        return Finding("UDP", "note", words)
    blocked = [host for host in hosts if not await _reaches_itself(host)]
    if blocked:
        words = f"packets to {blocked[0]} are lost on this very machine: its firewall drops UDP"
        return Finding("UDP", "bad", words)
    return Finding("UDP", "good", f"packets pass on {', '.join(hosts)}")


async def _reaches_itself(host: str) -> bool:
    asking, _ = await open_probe(host)
    answering, address = await open_probe(host)
    try:
        return bool(await asking.ask(address))
    except (TimeoutError, OSError):
        return False
    finally:
        asking.close()
        answering.close()


async def _stun(server: IceServer) -> Finding:
    parsed = parse_stun_turn_uri(server.url)
    what = f"STUN {parsed['host']}:{parsed['port']}"
    probe, _ = await open_probe()
    try:
        seen = await probe.ask(await resolve(parsed["host"], parsed["port"]))
    except AvatarError as error:
        return Finding(what, "bad", str(error))
    except (TimeoutError, OSError):
        words = (
            "no answer: the address is wrong, or a firewall keeps UDP from leaving; calls from "
            "other networks would stay at 'connecting' unless a TURN server works"
        )
        return Finding(what, "bad", words)
    finally:
        probe.close()
    address = parse_address(seen[0])
    outside = "this machine" if address and address.is_private else "a public address"
    return Finding(what, "good", f"answers; it sees {outside} at {seen[0]}")


async def _turn(server: IceServer) -> Finding:
    parsed = parse_stun_turn_uri(server.url)
    what = f"TURN {parsed['host']}:{parsed['port']} ({parsed['transport']})"
    try:
        async with _allocation(server) as (one, _), _allocation(server) as (other, probe):
            passed = await _passes(one, other, probe)
            relay = one.get_extra_info("sockname")[0]
    except AvatarError as error:
        return Finding(what, "bad", str(error))
    except stun.TransactionFailed as error:
        return Finding(what, "bad", _refused(error))
    except (TimeoutError, OSError, stun.TransactionError):
        words = (
            "no answer: the address is wrong, coturn is not running, or a firewall blocks the "
            "way; calls that need a relay would stay at 'connecting'"
        )
        return Finding(what, "bad", words)
    if not passed:
        words = (
            f"gives a relay at {relay}, but a packet sent through it is lost: open the relay's "
            "UDP ports (coturn's min-port to max-port) and check external-ip and denied-peer-ip"
        )
        return Finding(what, "bad", words)
    return Finding(what, "good", f"relays packets at {relay}")


def _refused(error: stun.TransactionFailed) -> str:
    code, reason = error.response.attributes.get("ERROR-CODE", (0, ""))
    if code == 401:
        return (
            "refuses the credentials: turn_secret_file must hold coturn's static-auth-secret, "
            "coturn needs use-auth-secret, and the clocks of both machines must agree"
        )
    if code == 486:
        return "refuses another allocation: raise coturn's user-quota and total-quota"
    return f"refuses to relay: {code} {reason}"


@asynccontextmanager
async def _allocation(server: IceServer) -> AsyncIterator[tuple[turn.TurnTransport, StunProbe]]:
    parsed = parse_stun_turn_uri(server.url)
    address = await resolve(parsed["host"], parsed["port"])
    async with asyncio.timeout(TURN_TIMEOUT_S):
        transport, probe = await turn.create_turn_endpoint(
            StunProbe,
            server_addr=(parsed["host"], address[1]) if parsed["scheme"] == "turns" else address,
            username=server.username,
            password=server.credential,
            ssl=parsed["scheme"] == "turns" or None,
            transport=parsed["transport"],
        )
    try:
        yield transport, probe
    finally:
        transport.close()
        await asyncio.sleep(0.1)  # the farewell to the relay leaves by itself


async def _passes(one: turn.TurnTransport, other: turn.TurnTransport, probe: StunProbe) -> bool:
    """Whether a packet comes from one allocation to the other, whose receiver is `probe`."""
    addresses = one.get_extra_info("sockname"), other.get_extra_info("sockname")
    for _ in range(TRIES):
        other.sendto(PACKET, addresses[0])  # a relay lets in only those who were written to
        one.sendto(PACKET, addresses[1])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RELAY_TIMEOUT_S):
                return await probe.heard.get() == PACKET
    return False
