"""Parameters -> `Query`: spellings that mean the same, shapes, and the sentence for every mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rest_bridge.query import Level, Query, narrowed, parse_query
from rest_bridge.query_string import parse_query_string
from schema_gen.errors import CausewayError
from tests.support.rest import encoded


def asked(query: str) -> Query:
    return parse_query(parse_query_string(encoded(query)))


@pytest.mark.parametrize(
    "spellings",
    [
        (
            "fields=id,title",
            "fields= id , title ",
            "fields[]=id&fields[]=title",
            "fields[0]=id&fields[1]=title",
            "fields=id&fields=title",
            "fields[]=id,title",
        ),
        (
            "",
            *("fields=", "fields=*", "filter=", "filter={}", "filter=[]", "search=", "sort=", "meta="),
            *("export=", "version=", "version=main", "version=published", "bogus=1", "alias=", "deep="),
            *("deep=x", "deep={bad", "deep[]=x", "deep[author]=x", "aggregate=", "groupBy=", "backlink"),
            *("backlink=true", "explain=false"),
        ),
        ("sort=-id,title", "sort[]=-id&sort[]=title", "sort=-id&sort=title", "sort= -id ,title"),
        ("filter[id]=1", 'filter={"id":"1"}', "filter[id][_eq]=1", 'filter={"id":{"_eq":"1"}}'),
        (
            "filter[id][_in]=1,2",
            "filter[id][_in][]=1&filter[id][_in][]=2",
            "filter[id][_in]=1&filter[id][_in]=2",
            'filter={"id":{"_in":"1,2"}}',
            'filter={"id":{"_in":["1","2"]}}',
            'filter={"id":{"_in":{"0":"1","1":"2"}}}',
        ),
        (
            "filter[a][_null]=true",
            "filter[a][_null]",
            "filter[a][_null]=null",
            'filter={"a":{"_null":true}}',
            'filter={"a":{"_null":null}}',
        ),
        ("alias[a]=title", 'alias={"a":"title"}'),
        ("deep[tags][_limit]=1", 'deep={"tags":{"_limit":1}}', 'deep={"tags":{"_limit":"1"}}'),
        (
            "aggregate[count]=id,title",
            "aggregate[count][]=id&aggregate[count][]=title",
            'aggregate={"count":["id","title"]}',
            "aggregate[count]=id&aggregate[count]=title",
        ),
        (
            "groupBy=status,author",
            "groupBy[]=status&groupBy[]=author",
            "groupBy[]=status,author",
            "group=status,author",
        ),
        ("meta=*", "meta=total_count,filter_count", "meta[]=total_count&meta[]=filter_count"),
        ("limit=2", "limit= 2 ", "limit=+2", "limit=0x2", "limit=2.0", "limit=2e0", "limit[]=2"),
        ("explain", "explain=true", "explain=1"),
    ],
)
def test_spellings_that_mean_the_same(spellings: tuple[str, ...]) -> None:
    first = asked(spellings[0])
    for spelling in spellings[1:]:
        assert asked(spelling) == first, spelling


def test_a_limit_without_a_value_is_none() -> None:
    assert asked("limit").level.limit == asked("limit=").level.limit == 0


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("limit=abc", '"limit" must be a number'),
        ("limit=null", '"limit" must be a number'),
        ("limit=true", '"limit" must be a number'),
        ("limit=1,2", '"limit" must be a number'),
        ("limit=1&limit=2", '"limit" must be a number'),
        ("limit[a]=1", '"limit" must be a number'),
        ("limit=٣", '"limit" must be a number'),
        ("limit=1.5", '"limit" must be an integer'),
        ("limit=-2", '"limit" must be greater than or equal to -1'),
        ("limit=99999999999999999999", '"limit" must be a safe number'),
        ("limit=1e400", '"limit" cannot be infinity'),
        ("limit=Infinity", '"limit" cannot be infinity'),
        ("offset=-1", '"offset" must be greater than or equal to 0'),
        ("offset=x", '"offset" must be a number'),
        ("page=-1", '"page" must be greater than or equal to 0'),
        ("page=99999999999999999999", '"page" must be a safe number'),
        ("fields[a]=id", '"fields" must be a string or array'),
        ("fields[][a]=id", '"fields" must be a string or array'),
        ("fields[]=", '"fields[0]" is not allowed to be empty'),
        ("fields=id,,title", '"fields[1]" is not allowed to be empty'),
        ("fields=year(a", 'Missing closing parenthesis in "fields"'),
        ("fields=year(count(a))", 'Nested functions are not supported in "fields"'),
        ("sort=,", '"sort[0]" is not allowed to be empty'),
        ("sort[]=-id&sort[]=", '"sort[1]" is not allowed to be empty'),
        ("sort[a]=id", '"sort" must be a string or array'),
        ("filter={bad", "Invalid JSON for filter object"),
        ("filter=abc", "Invalid JSON for filter object"),
        ("filter=NaN", "Invalid JSON for filter object"),
        ("filter=" + "[" * 5000, "Invalid JSON for filter object"),
        ("filter=null", '"filter" must be of type object'),
        ("filter=1", "Invalid filter object"),
        ('filter=[{"id":1}]', "Invalid filter object"),
        ('filter={"_and":{}}', "Invalid filter object"),
        ('filter={"_and":[null]}', "Invalid filter object"),
        ('filter={"_or":"x"}', "Invalid filter object"),
        ('filter={"id":null}', "Invalid filter object"),
        ('filter={"id":[1]}', "Invalid filter object"),
        (
            "filter[id][_eq]=",
            'You can\'t filter for an empty string in "_eq". Use "_empty" or "_nempty" instead',
        ),
        (
            "filter[id][_eq]",
            'You can\'t filter for an empty string in "_eq". Use "_empty" or "_nempty" instead',
        ),
        ('filter={"id":{"_eq":[1]}}', 'The filter value for "_eq" has to be a string, number, or boolean'),
        (
            'filter={"id":{"_gt":{"a":1}}}',
            'The filter value for "_gt" has to be a string, number, or boolean',
        ),
        ('filter={"id":{"_eq":1e20}}', 'The filter value for "_eq" is not a valid number'),
        ('filter={"id":{"_eq":1e400}}', 'The filter value for "_eq" is not a valid number'),
        ('filter={"id":{"_in":[]}}', '"_in" has to be an array of values'),
        ('filter={"id":{"_in":null}}', '"_in" has to be an array of values'),
        ('filter={"id":{"_in":[[1]]}}', '"_in" has to be an array of values'),
        ('filter={"id":{"_between":[]}}', '"_between" has to be an array of values'),
        ("filter[a][_null]=1", '"_null" has to be a boolean'),
        ("filter[a][_empty]=abc", '"_empty" has to be a boolean'),
        ("filter[a][_intersects]=x", '"_intersects" has to be a valid GeoJSON object'),
        ('filter={"a":{"_eq":"\\ud800"}}', "Text has to be valid Unicode"),
        ("alias=x", '"alias" has to be an object'),
        ("alias[]=title", '"alias" has to be an object'),
        ("alias[a.b]=title", '"alias" key can\'t contain a period character `.`'),
        ("alias[a]=author.name", '"alias" value can\'t contain a period character `.`'),
        ("alias[a][b]=title", '"alias" value has to be a string. "dict" given'),
        ("aggregate[]=count", '"aggregate" must be of type object'),
        ("aggregate=count", "Invalid JSON for aggregate object"),
        ("aggregate[bogus]=*", '"aggregate.bogus" is not allowed'),
        ("aggregate[count][a]=id", '"aggregate" must be a string or array'),
        ("groupBy[a]=status", '"fields" must be a string or array'),
        ("meta=bogus", '"meta[0]" must be one of [total_count, filter_count]'),
        ("meta=total_count,bogus", '"meta[1]" must be one of [total_count, filter_count]'),
        ("meta=*,bogus", '"meta[0]" must be one of [total_count, filter_count]'),
        ("export=bogus", '"export" must be one of [csv, csv_utf8, json, xml, yaml]'),
        ("export[]=csv", '"export" must be one of [csv, csv_utf8, json, xml, yaml]'),
        ("search[a]=b", '"search" must be a string'),
        ("deep[tags][_limit]=x", '"limit" must be a number'),
        ("deep[tags][_filter][id][_null]=3", '"_null" has to be a boolean'),
    ],
)
def test_mistakes(query: str, reason: str) -> None:
    with pytest.raises(CausewayError) as caught:
        asked(query)
    assert caught.value.code == "INVALID_QUERY"
    assert caught.value.extensions["reason"] == reason


def test_values_are_apart_from_structure() -> None:
    one = asked('filter={"id":{"_eq":1}}&search=x&deep[tags][_filter][id]=2&limit=3')
    other = asked('filter={"title":{"_eq":"a"}}&search=y&deep[tags][_filter][name]=z&limit=3')
    assert one.shape == other.shape
    assert hash(one.shape) == hash(other.shape)
    assert one.values == ({"id": {"_eq": 1}}, "x", {"id": {"_eq": "2"}})
    assert (one.level.filter, one.level.search, one.level.below("tags").filter) == (0, 1, 2)
    assert asked("limit=4").shape != asked("limit=3").shape


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ({"a": "true", "b": "false", "c": "null", "d": "True"},
         {"a": {"_eq": True}, "b": {"_eq": False}, "c": {"_eq": None}, "d": {"_eq": "True"}}),
        ({"a": {"_in": "x,true,null"}}, {"a": {"_in": ["x", True, None]}}),
        ({"a": {"_in": 1}}, {"a": {"_in": [1]}}),
        ({"a": {"_in": ""}}, {"a": {"_in": [""]}}),
        ({"a": {"_between": "1,2"}, "b": 1}, {"a": {"_between": ["1", "2"]}, "b": {"_eq": 1}}),
        # a range without two ends asks nothing
        ({"a": {"_between": [1]}}, {"a": {}}),
        ({"a": {"_between": [1, 2, 3]}}, {"a": {}}),
        ({"tags": {"_some": {"name": "x"}}}, {"tags": {"_some": {"name": {"_eq": "x"}}}}),
        ({"_and": [{"a": 1}, {"_or": [{"b": "null"}]}]},
         {"_and": [{"a": {"_eq": 1}}, {"_or": [{"b": {"_eq": None}}]}]}),
        ({"a": {"_nnull": "false"}}, {"a": {"_nnull": False}}),
        ({"meta": {"_json": {"a.b": {"_eq": 1}}}}, {"meta": {"_json": {"a.b": {"_eq": 1}}}}),
        ({"at": {"_lt": "$NOW(-1 day)"}}, {"at": {"_lt": "$NOW(-1 day)"}}),
        # nobody knows this operator here; the engine says so, with the type of the field
        ({"a": {"_bogus": "x"}}, {"a": {"_bogus": "x"}}),
        ({"where": {"_intersects": '{"type":"Point"}'}}, {"where": {"_intersects": {"type": "Point"}}}),
    ],
)  # fmt: skip
def test_filter_values(given: dict[str, Any], normal: dict[str, Any]) -> None:
    assert parse_query({"filter": given}).values == (normal,)
    assert parse_query({"filter": json.dumps(given)}).values == (normal,)


def test_filters_may_be_deep_but_not_endless() -> None:
    nested: dict[str, Any] = {"id": 1}
    for _ in range(200):
        nested = {"_and": [nested]}
    with pytest.raises(CausewayError, match="Max relational depth exceeded"):
        parse_query({"filter": nested})
    level: dict[str, Any] = {}
    for _ in range(100):
        level = {"a": level}
    with pytest.raises(CausewayError, match="Max relational depth exceeded"):
        parse_query({"deep": level})


def test_deep_knows_every_word() -> None:
    query = asked(
        "deep[comments][_filter][id]=1&deep[comments][_search]=x&deep[comments][_sort]=-id&deep[comments][_limit]=2"
        "&deep[comments][_offset]=1&deep[comments][_page]=3&deep[comments][_alias][a]=id&deep[comments][author][_limit]=4"
        "&deep[comments][_aggregate][count]=id&deep[comments][_group]=status&deep[comments][_bogus]=5&deep[comments][_fields]=id,year(day)"
    )
    assert query.level.deep == (
        (
            "comments",
            Level(
                sort=("-id",), limit=2, offset=1, page=3, filter=0, search=1, alias=(("a", "id"),),
                aggregate=(("count", ("id",)),), group=("status",), fields=("id", "year(day)"),
                deep=(("author", Level(limit=4)),),
            ),
        ),
    )  # fmt: skip


def test_narrowed_keeps_what_was_asked() -> None:
    key = {"id": {"_in": ["1"]}}
    assert narrowed(asked("limit=1"), key).values == (key,)
    both = narrowed(asked("filter[a]=1&search=x"), key)
    assert both.values == ({"_and": [{"a": {"_eq": "1"}}, key]}, "x")
    assert both.shape == asked("filter[a]=1&search=x").shape
    assert narrowed(asked("limit=1"), key).shape != asked("limit=1").shape
