"""The HTTP surface: statuses, content types, CORS, weights (reference, sections 1.4 and 9.1)."""

import json

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.weights import WeightMeter, action_weight, info_weight
from tests.unit.sandbox.client import Client, order, orders, signed_request, wallet

USER = "0x" + "12" * 20


async def post(exchange: Sandbox, path: str, data: bytes, content_type: str | None = "application/json") -> tuple:
    headers = {} if content_type is None else {"content-type": content_type}
    async with (
        aiohttp.ClientSession() as http,
        http.post(exchange.url + path, data=data, headers=headers) as response,
    ):
        return response.status, response.content_type, await response.text()


@pytest.mark.parametrize("path", ["/info", "/exchange"])
@pytest.mark.parametrize("body", [b"", b"{", b"nothing", b'{"type":"meta"} x', b"\xff\xfe"])
async def test_malformed_json_is_400(exchange: Sandbox, path: str, body: bytes) -> None:
    status, content_type, text = await post(exchange, path, body)
    if status != 422:  # a body whose first part is already of the wrong shape
        assert (status, content_type, text) == (400, "text/plain", "Failed to parse the request body as JSON")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'"meta"',
        b'{"type":"nothing of the kind"}',
        b'{"type":"userFills"}',
        b'{"type":"userFills","user":"0x12"}',
        b'{"type":"userFills","user":12}',
        b'{"type":"userFillsByTime","user":"' + USER.encode() + b'"}',
        b'{"type":"userFillsByTime","user":"' + USER.encode() + b'","startTime":"0"}',
        b'{"type":"orderStatus","user":"' + USER.encode() + b'","oid":"0x12"}',
        b'{"type":"candleSnapshot","coin":"BTC"}',
        b'{"type":"candleSnapshot","req":{"coin":"BTC","interval":"7m","startTime":0}}',
    ],
)
async def test_what_has_not_the_right_shape_is_422(exchange: Sandbox, body: bytes) -> None:
    status, content_type, text = await post(exchange, "/info", body)
    assert (status, content_type) == (422, "text/plain")
    assert text.startswith("Failed to deserialize the JSON body into the target type")


async def test_known_request_that_the_sandbox_does_not_do_says_so(exchange: Sandbox) -> None:
    body = b'{"type":"validatorStats","user":"' + USER.encode() + b'"}'
    expected = (422, "The sandbox does not do the info request validatorStats.")
    assert (await post(exchange, "/info", body))[::2] == expected
    body = b'{"action":{"type":"multiSig"},"nonce":1,"signature":{"r":"0x1","s":"0x1","v":27}}'
    assert await post(exchange, "/exchange", body) == (
        200,
        "application/json",
        '{"status":"err","response":"The sandbox does not do the action multiSig."}',
    )


@pytest.mark.parametrize("kind", ["borrowLend", "CSignerAction", "userOutcome", "setDisplayName", "tokenDelegate"])
async def test_action_of_another_kind_of_account_is_refused_by_name_and_not_as_malformed(
    exchange: Sandbox, kind: str
) -> None:
    body = f'{{"action":{{"type":"{kind}"}},"nonce":1,"signature":{{"r":"0x1","s":"0x1","v":27}}}}'.encode()
    status, _, text = await post(exchange, "/exchange", body)
    assert (status, json.loads(text)["response"]) == (200, f"The sandbox does not do the action {kind}.")


async def test_client_that_lists_every_kind_of_market_finds_no_outcomes(exchange: Sandbox) -> None:
    """Else it cannot start: it asks for them together with the perpetuals."""
    status, _, text = await post(exchange, "/info", b'{"type":"outcomeMeta"}')
    assert (status, json.loads(text)) == (200, {"outcomes": [], "questions": []})


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/octet-stream"])
@pytest.mark.parametrize("path", ["/info", "/exchange"])
async def test_wrong_content_type_is_415(exchange: Sandbox, path: str, content_type: str | None) -> None:
    status, kind, text = await post(exchange, path, b'{"type":"meta"}', content_type)
    assert (status, kind) == (415, "text/plain")
    assert text == "Expected request with `Content-Type: application/json`"


async def test_content_type_may_carry_a_charset(exchange: Sandbox) -> None:
    assert (await post(exchange, "/info", b'{"type":"meta"}', "application/json; charset=utf-8"))[0] == 200


@pytest.mark.parametrize("path", ["/info", "/exchange"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_are_405_without_a_body(exchange: Sandbox, path: str, method: str) -> None:
    async with aiohttp.ClientSession() as http, http.request(method, exchange.url + path) as response:
        assert (response.status, await response.read()) == (405, b"")


async def test_replies_allow_every_origin(exchange: Sandbox) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.post(exchange.url + "/info", json={"type": "meta"}) as response:
            assert response.headers["access-control-allow-origin"] == "*"
            assert "origin" in response.headers["vary"]
            assert "content-encoding" not in response.headers
        async with http.options(exchange.url + "/info") as response:
            assert response.status == 200
            assert response.headers["access-control-allow-headers"] == "*"


async def test_headers_and_errors_are_the_venues_to_the_byte(exchange: Sandbox) -> None:
    vary = "origin, access-control-request-method, access-control-request-headers"
    url = exchange.url + "/info"
    sent = {"content-type": "application/json"}
    async with aiohttp.ClientSession() as http:
        async with http.get(url) as response:
            assert (response.status, await response.read()) == (405, b"")
            assert "content-type" not in response.headers
        for body, status, content_type, text in (
            ('{"type":"metaAndAssetCtxs","dex":"nope"}', 500, "application/json", "null"),
            ('{"type":"fundingHistory","coin":"NOPE","startTime":0}', 500, "application/json", "null"),
            ('{"type":"l2Book","coin":"NOPE"}', 200, "application/json", "null"),
            ('{"type":"userRole","user":1}', 422, "text/plain", None),
            ("{", 400, "text/plain", "Failed to parse the request body as JSON"),
        ):
            async with http.post(url, data=body, headers=sent) as response:
                assert (response.status, response.content_type) == (status, content_type)
                assert text is None or await response.text() == text
                assert response.headers["vary"] == vary
                assert response.headers["access-control-allow-origin"] == "*"


async def test_unknown_path_is_404(exchange: Sandbox) -> None:
    assert (await post(exchange, "/nothing", b"{}"))[0] == 404


async def test_ws_path_without_upgrade_is_400(exchange: Sandbox) -> None:
    async with aiohttp.ClientSession() as http, http.get(exchange.url + "/ws") as response:
        assert response.status == 400


# ---------------------------------------------------------------------- weights


@pytest.mark.parametrize(
    ("kind", "reply", "weight"),
    [
        ("l2Book", {}, 2),
        ("allMids", {}, 2),
        ("clearinghouseState", {}, 2),
        ("orderStatus", {}, 2),
        ("spotClearinghouseState", {}, 2),
        ("exchangeStatus", {}, 2),
        ("userRole", {}, 60),
        ("meta", {"universe": []}, 20),
        ("openOrders", [{}] * 100, 20),
        ("userFills", [{}] * 19, 20),
        ("userFills", [{}] * 20, 21),
        ("userFills", [{}] * 2000, 120),
        ("candleSnapshot", [{}] * 59, 20),
        ("candleSnapshot", [{}] * 5000, 103),
        ("fundingHistory", None, 20),
        ("userAbstraction", "default" * 100, 20),
    ],
)
def test_weights_of_info_requests(kind: str, reply: object, weight: int) -> None:
    assert info_weight(kind, reply) == weight


@pytest.mark.parametrize(("items", "weight"), [(0, 1), (1, 1), (39, 1), (40, 2), (79, 2), (80, 3)])
def test_weights_of_actions(items: int, weight: int) -> None:
    assert action_weight(items) == weight


def test_meter_refills_all_the_time_and_refuses_when_empty() -> None:
    now = 0.0
    meter = WeightMeter(1200, lambda: now)
    meter.charge("a", 1200)
    assert meter.is_exhausted("a")
    assert not meter.is_exhausted("b")
    now = 0.1  # two weights later
    assert not meter.is_exhausted("a")
    meter.charge("a", 60)
    assert meter.used("a") == 1258
    now = 1000.0
    assert meter.used("a") == 0
    assert (meter.total, meter.refused) == (1260, 1)


async def test_address_that_has_used_up_its_weights_gets_429() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual", limit_weights=True, weight_per_minute=60) as exchange,
        Client(exchange, wallet(3)) as client,
    ):
        assert (await client.mine("userRole"))["role"] == "user"
        assert await client.post("/info", {"type": "meta"}) == (429, "null")
        body = signed_request(client.signer, orders(order(0, True, "80000", "0.01")))
        assert await client.post("/exchange", body) == (429, "null")
        assert exchange.open_orders(client.address) == ()
        assert exchange.api.meter.refused == 2


async def test_weights_are_counted_where_they_are_not_limited(exchange: Sandbox, alice: Client) -> None:
    before = exchange.api.meter.total
    await alice.info("meta")
    await alice.info("allMids")
    await alice.place(*[order(0, True, "80000", "0.01")] * 45)
    assert exchange.api.meter.total - before == 20 + 2 + 2


async def test_busy_port_is_an_error_that_says_so(exchange: Sandbox) -> None:
    port = int(exchange.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="address already in use"):
        await Sandbox(port=port, market="empty").start()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"deposit": -1}, "deposit"),
        ({"deposit": "NaN"}, "deposit"),
        ({"block_ms": -1}, "block"),
        ({"accounts": ["0x12"]}, "40 hex digits"),
        ({"no_such_setting": 1}, "no_such_setting"),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(settings: dict, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        Sandbox(**settings)
