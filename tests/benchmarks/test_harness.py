"""The harness of the benchmark end to end, against a real server: generator, floor, report, chart."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.aims import AIMS, findings, ratio, shape_costs
from benchmarks.answers import difference
from benchmarks.chart import Bar, Group, draw
from benchmarks.content import content
from benchmarks.databases import copied_sqlite, make_sqlite
from benchmarks.load import ServerStuck, Spec, content_length, drive
from benchmarks.profiling import name_of, package_of, stacks, summed
from benchmarks.report import chart, markdown, terminal
from benchmarks.results import RunResult
from benchmarks.rounds import Cell, Plan, measure
from benchmarks.servers import Target, causeway_server
from benchmarks.stores import Store, counts, unlike
from benchmarks.workloads import SERIAL, Request
from benchmarks.writes import EVERY, WRITES, chosen


def _cell(system: str, rate: float | None, *, connections: int = 32, cpu: float = 100.0) -> Cell:
    values = {
        "workload": "by_key", "actor": "admin", "connections": connections, "system": system,
        "database": "postgresql", "requests_per_second": rate, "rounds": (rate or 0.0,), "p50": 1.0,
        "p99": 2.0,
        "server_cpu": cpu, "database_cpu": 50.0, "client_cpu": 20.0, "size": 200.0, "answers": 10,
        "errors": {} if rate else {"500": 3},
    }  # fmt: skip
    return Cell(**values)  # type: ignore[arg-type]


def _result(*cells: Cell) -> RunResult:
    return RunResult(
        at="2026-01-02T03:04:05+00:00",
        machine={"cpu": "test", "cores": "2"},
        settings={"seconds": 1},
        versions={"directus": "11"},
        cells=cells,
        notes=("a note",),
    )


class TestGenerator:
    async def test_counts_answers_errors_and_bytes_of_a_real_server(self) -> None:
        """Every third request is refused, heads come in pieces, and names of headers in any case."""
        asked: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                try:
                    asked.append(await reader.readuntil(b"\r\n\r\n"))
                except asyncio.IncompleteReadError:
                    break
                refused = b"/refused" in asked[-1]
                body = b"x" * (10 if refused else 100_000)
                writer.write(b"HTTP/1.1 503 No\r\n" if refused else b"HTTP/1.1 200 OK\r\n")
                await writer.drain()
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            paths = ["/one", "/two", "/refused"]
            spec = Spec(
                port=port,
                requests=[Request(path=path).on_the_wire(port, "secret") for path in paths],
                connections=3,
                seconds=0.5,
                settle=0.05,
                processes={"server": [1]},
            )
            assert Spec.from_json(spec.to_json()) == spec
            sample = await asyncio.to_thread(drive, spec)
        assert sample.answers > 30
        assert sample.errors["503"] == pytest.approx(sample.answers / 3, abs=4)
        assert sample.size == pytest.approx((200_010) / 3, rel=0.1)
        assert sample.latency.total == sample.answers
        assert set(sample.cpu) == {"server", "client"}
        assert b"Authorization: Bearer secret\r\n" in asked[0]

    async def test_each_request_has_its_number_and_the_last_are_waited_for(self) -> None:
        """Answers come late, so that requests are under way when the window ends; none is cut off."""
        bodies: list[bytes] = []
        answered = 0

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal answered
            while True:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    break
                bodies.append(await reader.readexactly(content_length(head[:-4])))
                await asyncio.sleep(0.02)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                answered += 1
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            request = Request(path="/items/a", body=f'{{"slug":"{SERIAL}"}}'.encode(), method="PATCH")
            wire = request.on_the_wire(port, None)
            assert wire.startswith(b"PATCH /items/a HTTP/1.1\r\n")
            spec = Spec(port=port, requests=[wire], connections=4, seconds=0.3, settle=0.0, first=41)
            sample = await asyncio.to_thread(drive, spec)
        assert sorted(bodies) == [b'{"slug":"%010d"}' % (42 + place) for place in range(len(bodies))]
        assert answered == len(bodies) > sample.answers > 10

    async def test_a_server_that_hangs_up_is_no_figure(self) -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            spec = Spec(port=port, requests=[b"GET / HTTP/1.1\r\n\r\n"], connections=2, seconds=0.2)
            with pytest.raises(ServerStuck):
                await asyncio.to_thread(drive, spec)

    def test_content_length_in_any_case(self) -> None:
        assert content_length(b"HTTP/1.1 200 OK\r\ncontent-length: 12") == 12
        assert content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nx: y") == 7
        with pytest.raises(ServerStuck):
            content_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")


class TestAnswers:
    def test_order_of_keys_does_not_matter_values_do(self) -> None:
        assert difference(b'{"a":1,"b":[1.0]}', b'{"b":[1.0], "a":1}') is None
        assert difference(b'{"a":"1"}', b'{"a":1}') == "$.a: '1' and 1"
        assert difference(b'{"a":[1,2]}', b'{"a":[1]}') == "$.a: 2 items and 1 items"
        assert difference(b'{"a":1}', b"{}") == "$.a is missing in the second"
        assert difference(b"<html>", b"{}") is not None

    def test_counts_of_directus_are_numbers_in_quotes(self) -> None:
        theirs, ours = b'[{"count":"31","title":"7"}]', b'[{"count":31,"title":"7"}]'
        assert difference(theirs, ours, said_by="directus") is None
        assert difference(theirs, ours) == "$[0].count: '31' and 31"
        assert difference(theirs, b'[{"count":31,"title":7}]', said_by="directus") is not None

    def test_how_postgraphile_spells_is_put_aside(self) -> None:
        theirs = b'{"articles":{"nodes":[{"id":1,"at":"2024-01-02T03:04:05.000000"}]}}'
        ours = b'{"articles":[{"id":"1","at":"2024-01-02T03:04:05"}]}'
        assert difference(theirs, ours, said_by="postgraphile") is None
        assert difference(theirs, ours) is not None


class TestReport:
    def test_an_aim_that_is_missed_says_by_how_much(self) -> None:
        result = _result(_cell("causeway", 600), _cell("floor", 1000), _cell("directus", 20))
        floor, directus = findings(result.cells)
        assert not floor.met
        assert floor.short == pytest.approx(0.25)
        assert (directus.met, directus.reached) == (True, 30)
        text = terminal(result)
        assert "missed by 25%" in text
        assert "a note" in text
        assert "| one by key, admin, postgresql / the floor | 0.80 | 0.60 | missed by 25% |" in markdown(
            result
        )

    def test_windows_that_were_taken_together_are_compared(self) -> None:
        """The machine was busy in the second of three: half of the requests, the same ratio."""
        ours = replace(_cell("causeway", 800), rounds=(800.0, 400.0, 840.0))
        floor = replace(_cell("floor", 1000), rounds=(1000.0, 500.0, 1000.0))
        assert ratio(ours, floor) == pytest.approx(0.8)
        assert ratio(ours, replace(floor, rounds=(2000.0,), requests_per_second=1600)) == pytest.approx(0.5)

    def test_errors_are_no_figure(self) -> None:
        result = _result(_cell("causeway", None), _cell("floor", 1000))
        assert findings(result.cells)[0].met is False
        assert "no figure (3 x 500)" in terminal(result)

    def test_shape_cost_is_cpu_above_the_floor_at_one_connection(self) -> None:
        cells = [_cell("causeway", 10, connections=1, cpu=190), _cell("floor", 10, connections=1, cpu=80)]
        assert [cost for _, cost in shape_costs(cells)] == [110]
        assert "missed by 10%" in terminal(_result(*cells))

    def test_a_result_survives_json(self) -> None:
        result = _result(_cell("causeway", 600), _cell("floor", None))
        values = json.loads(result.to_json())
        assert values["format"] == 1
        assert {"workload", "actor", "connections", "system", "database", "requests_per_second", "p50", "p99",
                "server_cpu", "database_cpu", "size", "errors"} <= values["cells"][0].keys()  # fmt: skip
        assert RunResult.from_json(result.to_json()) == result
        with pytest.raises(ValueError, match="format 0"):
            RunResult.from_json(result.to_json().replace('"format": 1', '"format": 0'))

    def test_the_chart_is_svg_whose_bars_have_lengths_in_proportion(self) -> None:
        group = Group(title="a < b", bars=(Bar(system="causeway", value=200), Bar(system="floor", value=50)))
        svg = ElementTree.fromstring(draw([group], title="t", subtitle="s"))
        name = "{http://www.w3.org/2000/svg}"
        widths = [float(bar.get("width") or 0) for bar in svg.iter(f"{name}rect")]
        assert widths[-2] == pytest.approx(4 * widths[-1], rel=0.01)
        assert "a < b" in [text.text for text in svg.iter(f"{name}text")]
        assert chart(_result(_cell("causeway", 5))).startswith("<svg")

    def test_every_aim_names_workloads_that_exist(self) -> None:
        assert {name for aim in AIMS for name in aim.workloads} == set(EVERY)


class TestWrites:
    def test_they_are_chosen_by_name_and_all_by_one_word(self) -> None:
        assert [one.name for one in chosen("list,writes")] == ["list", *WRITES]
        assert chosen("") == list(EVERY.values())
        with pytest.raises(KeyError):
            chosen("lists")

    def test_each_leaves_the_rows_that_it_should(self, tmp_path: Path) -> None:
        """Of a real server, on a copy; asked for something else, it says so."""
        rows = content(20)
        source = tmp_path / "source.sqlite"
        make_sqlite(source, rows, "mark", tmp_path)
        plan = Plan(seconds=0.2, rounds=1, peer_seconds=0.2, keys=rows.published(), admin_url="")
        with (
            copied_sqlite(source, tmp_path / "copy.sqlite") as copy,
            causeway_server("sqlite", f"sqlite:///{copy}", tmp_path, "") as target,
        ):
            store = Store(target=target, place=str(copy))
            assert [text for one in WRITES.values() for text in unlike(one, [store], plan)] == []
            wrong = replace(WRITES["update"], writes=WRITES["create"].writes)
            (said,) = unlike(wrong, [store], plan)
            assert said.startswith("update, causeway (SQLite): {'directus_activity': 1,")
            refused = replace(WRITES["update"], ask={"causeway": lambda given: Request(path="/items/x")})
            assert "status 403" in next(iter(unlike(refused, [store], plan)))
            (figure,) = measure(plan, WRITES["create"], "admin", 2, [target])
            assert figure.errors == {}
            assert (figure.requests_per_second or 0) > 1
        assert not copy.exists()
        store = Store(target=target, place=str(source))
        assert counts(store) == {**{name: len(one.values) for name, one in rows.tables.items()},
                                 "directus_activity": 0, "directus_revisions": 0}  # fmt: skip

    def test_a_server_that_breaks_down_has_no_figure(self) -> None:
        target = Target(system="causeway", dialect="sqlite", port=9, pid=1, store=None, version="")
        plan = Plan(seconds=0.2, rounds=2, peer_seconds=0.2, keys=[1], admin_url="")
        (figure,) = measure(plan, WRITES["create"], "admin", 2, [target])
        assert figure.requests_per_second is None
        assert "refused" in next(iter(figure.errors))
        assert "no figure" in terminal(_result(figure))


class TestProfile:
    STACKS = (
        "serve (gateway/server.py);handle (uvicorn/http/httptools_impl.py);fetch (asyncpg/connection.py) 6\n"
        "serve (gateway/server.py);execute (resolvers/engine.py);loads (json/decoder.py) 3\n"
        "serve (gateway/server.py) 1\n"
    )

    def test_own_time_by_package_and_time_with_callees(self) -> None:
        profile = summed(stacks(self.STACKS), workload="list", database="sqlite", connections=32)
        assert {spot.name: spot.part for spot in profile.packages} == {
            "asyncpg": 0.6, "resolvers": 0.3, "gateway": 0.1,
        }  # fmt: skip
        assert {spot.name: spot.part for spot in profile.stages} == {
            "gateway.server.serve": 1.0, "resolvers.engine.execute": 0.3,
        }  # fmt: skip

    def test_names(self) -> None:
        assert name_of("fetch (/v/site-packages/asyncpg/connection.py:12)") == "asyncpg.connection.fetch"
        assert name_of("bind (/srv/resolvers/sql/statement.py)") == "resolvers.sql.statement.bind"
        assert package_of(("a (x/site-packages/uvicorn/a.py)", "b (json/decoder.py)")) == "uvicorn"


def test_content_is_the_same_every_time_and_has_its_size() -> None:
    one, other = content(50), content(50)
    assert one == other
    sizes = {name: len(rows.values) for name, rows in one.tables.items()}
    assert sizes == {
        "authors": 100, "categories": 20, "tags": 50, "articles": 50, "articles_tags": 150, "comments": 100,
    }  # fmt: skip
    assert 20 < len(one.published()) < 50
