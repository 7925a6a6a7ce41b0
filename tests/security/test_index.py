"""Which test stands for which published flaw; none is forgotten.

`TESTED` names a test for every advisory about reading, writing items, GraphQL, login or SQL, and for the
classes 1 to 8, 12, 15, 17 and 19; `LATER` says of every other what it waits for. Where the catalogue of
flaws lies beside the clone, both together must hold every row of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]

#: advisory or class -> file and function
TESTED: Final = {
    "GHSA-m5q3-8wgf-x8xf": "security/test_reading.py::test_concealed_fields_cannot_be_guessed",
    "GHSA-38hg-ww64-rrwc": (
        "security/test_reading.py::test_aggregates_groups_and_order_show_no_concealed_value"
    ),
    "GHSA-p8v3-m643-4xqx": "security/test_reading.py::test_no_spelling_unmasks",
    "GHSA-8jpw-gpr4-8cmh": "security/test_reading.py::test_search_does_not_match_concealed_fields",
    "GHSA-7wq3-jr35-275c": "security/test_reading.py::test_search_does_not_look_where_the_caller_may_not",
    "GHSA-2xcm-7h22-3m66": "security/test_reading.py::test_also_on_the_other_side_of_a_relation",
    "GHSA-hxgm-ghmv-xjjm": "security/test_field_operands.py::test_an_empty_list_in_a_rule_grants_nothing",
    "GHSA-99vm-5v2h-h6r6": "security/test_field_operands.py::test_policies_unite_per_item_and_per_field",
    "GHSA-cph6-524f-3hgr": "security/test_reading.py::test_a_hidden_collection_is_refused_like_a_missing_one",
    "GHSA-9x5g-62gj-wqf2": "security/test_grants_end.py::test_a_grant_of_a_field_ends_with_the_field",
    "GHSA-chfm-g7r3-vv42": (
        "resolvers/structure/test_collections.py::test_what_can_be_no_collection_leaves_no_trace"
    ),
    "GHSA-c6w9-5g5j-jh2p": "security/test_isolation.py::test_every_caller_its_own_rows_in_every_order",
    "GHSA-cff8-x7jv-4fm8": "security/test_login.py::test_headers_of_auth_routes",
    "GHSA-r9xq-xp38-j4j3": "security/test_isolation.py::test_the_least_that_apps_need_is_one_s_own",
    "GHSA-5mhg-wv8w-p59j": "security/test_reading.py::test_the_version_is_for_administrators",
    "GHSA-wxwm-3fxv-mrvx": "gateway/test_graphql_http.py::test_introspection_can_be_switched_off",
    "CVE-2022-26969": "security/test_reply_headers.py::test_named_origins_only",
    "GHSA-g65h-35f3-x2w3": "security/test_login.py::test_logout_ends_session_and_access_token_at_once",
    "GHSA-56p6-qw3c-fq2g": "security/test_login.py::test_suspension_ends_every_login",
    "GHSA-jgf4-vwc3-r46v": "security/test_login.py::test_refusals_are_alike",
    "GHSA-8m32-p958-jg99": "security/test_reply_headers.py::test_every_reply",
    "GHSA-2ccr-g2rv-h677": "security/test_logs.py::test_the_log_holds_no_secret",
    "GHSA-7hmh-pfrp-vcx4": "security/test_graphql.py::test_the_same_fields_again_and_again",
    "GHSA-ph52-67fq-75wj": "security/test_graphql.py::test_multiplied_documents_are_refused",
    "GHSA-6q22-g298-grjh": "security/test_graphql.py::test_health_is_not_checked_five_hundred_times",
    "GHSA-g293-vf99-xv36": "security/test_graphql.py::test_one_login_in_a_request",
    "GHSA-g293-vf99-xv36, each counts": "security/test_rate_limits.py::test_aliases_count_each",
    "GHSA-gwvv-rr68-cmv6": "security/test_reading.py::test_names_of_the_language_are_refused_or_ignored",
    "GHSA-jr94-gj3h-c8rf": "security/test_letters.py::test_a_refused_link_tells_nothing_of_the_address",
    "GHSA-qw9g-7549-7wg5": "security/test_letters.py::test_mail_goes_to_the_stored_address",
    "GHSA-8xp8-xrh2-88vr": (
        "security/test_letters.py::test_registering_a_known_address_mails_the_stored_one"
    ),
    "GHSA-4hmq-ggrm-qfc6, links": "security/test_letters.py::test_links_hold_no_markup",
    "GHSA-gc7p-j5xm-xxh2": "security/test_letters.py::test_registration_writes_nothing_else",
    "CVE-2021-29641": "security/test_letters.py::test_asking_for_a_password_tells_nobody_apart",
    "class 3, giving": "security/test_privileges.py::test_privileges_cannot_be_raised",
    "class 3, over GraphQL": "security/test_privileges.py::test_graphql_is_no_other_way_in",
    "class 4": "security/test_privileges.py::test_the_last_administrator_stays",
    "class 4, two at once": (
        "security/test_privileges.py::test_two_administrators_cannot_remove_each_other_at_once"
    ),
    "class 4, invitations": "security/test_letters.py::test_nobody_invites_into_more_than_he_has",
    "class 4, once": "security/test_letters.py::test_an_invitation_is_for_one_user_and_one_time",
    "class 5": "security/test_letters.py::test_a_link_to_a_new_password_is_good_once",
    "class 5, purposes": "security/test_letters.py::test_tickets_open_nothing_else",
    "class 6": "security/test_login.py::test_a_used_token_that_comes_again_ends_the_login",
    "class 6, cookies": "security/test_login.py::test_a_used_cookie_that_comes_again_ends_the_login",
    "class 6, at once": "security/test_login.py::test_two_refreshes_at_once_both_go_on",
    "class 6, rights": "security/test_login.py::test_refresh_never_raises_rights",
    "class 6, fixation": "security/test_login.py::test_the_cookie_changes_at_login",
    "class 6, a new password": (
        "security/test_login.py::test_a_refresh_and_a_change_of_the_password_leave_no_login"
    ),
    "class 7": "security/test_second_factor.py::test_no_code_twice",
    "class 7, at once": "security/test_second_factor.py::test_no_code_twice_at_the_same_moment",
    "class 7, elsewhere": "security/test_second_factor.py::test_no_code_twice_in_another_process",
    "class 7, window": "security/test_second_factor.py::test_the_window_is_one_step",
    "class 7, tries": "security/test_second_factor.py::test_few_codes_are_tried",
    "class 7, its end": "security/test_second_factor.py::test_the_owner_takes_it_away",
    "class 7, enforced": "security/test_second_factor.py::test_who_must_have_one_gets_nothing_before",
    "class 7, the secret": "security/test_second_factor.py::test_a_login_needs_the_code",
    "class 8": "security/test_cross_site.py::test_nothing_is_changed_with_the_session",
    "class 8, refresh and logout": "security/test_cross_site.py::test_nobody_is_refreshed_or_logged_out",
    "class 8, reading": "security/test_cross_site.py::test_reading_changes_nothing",
    "class 8, login": "security/test_cross_site.py::test_no_form_logs_anybody_in",
    "GHSA-g65h-35f3-x2w3, a new password": (
        "security/test_login.py::test_who_changes_the_own_password_stays_where_that_was_done"
    ),
    "CVE-2018-10723": "resolvers/test_bootstrap.py::test_a_password_is_made_when_none_is_given",
    "CVE-2026-54698": (
        "security/test_field_operands.py::test_filters_do_not_reach_past_the_rules_of_the_other_side"
    ),
    "CVE-2019-1020015": "security/test_jwt.py::test_issuers",
    "CVE-2021-47748": "security/test_spellings.py::test_no_door_takes_sql",
    "CVE-2023-22894": "security/test_spellings.py::test_a_hidden_field_under_other_spellings",
    "CVE-2025-25298": "security/test_login.py::test_long_passwords_count_to_the_last_byte",
    "CVE-2024-47082": "gateway/test_graphql_http.py::test_only_json_is_read",
    "CVE-2022-29217": "security/test_jwt.py::test_headers",
    "GHSA-99vm-5v2h-h6r6 of writing": (
        "security/test_writing.py::test_a_field_is_changed_only_where_its_own_rule_holds"
    ),
    "GHSA-hxgm-ghmv-xjjm of writing": (
        "security/test_writing.py::test_an_empty_list_in_a_rule_allows_no_write"
    ),
    "GHSA-cph6-524f-3hgr of writing": (
        "security/test_writing.py::test_hidden_and_missing_collections_are_refused_alike"
    ),
    "GHSA-mvv8-v4jj-g47j": "security/test_writing_people.py::test_history_knows_no_secrets",
    "GHSA-p623-wgx3-wxp8": "security/test_writing_people.py::test_a_refused_deletion_takes_nothing_with_it",
    "GHSA-6hpw-rhhq-6xq3": (
        "security/test_settings.py::test_only_who_may_change_the_settings_says_whose_the_project_is"
    ),
    "GHSA-632p-p495-25m5": (
        "security/test_settings.py::test_random_texts_stay_random_whatever_length_is_asked_for"
    ),
    "GHSA-xw72-c69j-h2rj": "security/test_settings.py::test_hashes_are_for_who_has_a_user_and_bounded",
    "GHSA-9qrm-48qf-r2rw": "security/test_settings.py::test_the_colour_of_the_project_is_a_colour",
    "GHSA-r9xq-xp38-j4j3 of secrets": (
        "security/test_settings.py::test_secrets_of_the_settings_are_read_by_nobody"
    ),
    "GHSA-3fff-gqw3-vj86": "security/test_writing_people.py::test_presets_of_other_people",
    "CVE-2022-46792": "security/test_writing.py::test_a_batch_does_not_reach_past_the_rule",
    "class 2": "security/test_no_trace.py::test_what_is_refused_leaves_no_trace",
    "class 2, several roots": "security/test_no_trace.py::test_roots_that_are_one_transaction",
    "class 3": "security/test_writing_people.py::test_nobody_makes_himself_more_than_he_is",
    "class 3, what the server sets": (
        "security/test_writing_people.py::test_what_only_the_server_sets_of_a_user"
    ),
    "class 4, what makes administrators": (
        "security/test_privileges.py::test_what_makes_administrators_is_changed_by_them_alone"
    ),
    "class 4, what the database deletes": (
        "security/test_privileges.py::test_the_last_administrator_stays_where_the_database_deletes"
    ),
    "class 3, rights": "security/test_writing_people.py::test_rights_are_not_for_the_taking",
    "class 1 in writing": "security/test_writing.py::test_hidden_and_missing_fields_are_refused_alike",
    "class 1 in writing, items": "security/test_writing.py::test_hidden_and_missing_items_are_refused_alike",
    "class 1 in writing over GraphQL": (
        "security/test_writing.py::test_graphql_names_what_the_caller_may_write_and_nothing_else"
    ),
    "class 1": "security/test_field_operands.py::test_hidden_and_missing_fields_are_refused_alike",
    "class 1 over REST": "security/test_reading.py::test_a_hidden_field_is_refused_like_a_missing_one",
    "class 1 over GraphQL": "gateway/test_graphql_http.py::test_hidden_and_missing_are_told_alike",
    "CVE-2022-23080": "security/test_import.py::test_no_spelling_of_a_host_leads_inside",
    "GHSA-68g8-c275-xf2m": "security/test_import.py::test_no_spelling_of_a_host_leads_inside",
    "GHSA-wv3h-5fx7-966h": "security/test_import.py::test_no_spelling_of_a_host_leads_inside",
    "GHSA-j5h6-vqc3-phqh": "security/test_import.py::test_no_spelling_of_a_host_leads_inside",
    "GHSA-8p72-rcq4-h6pw": "security/test_import.py::test_no_redirect_leads_inside",
    "GHSA-j3rg-3rgm-537h": "security/test_import.py::test_a_name_that_changes_leads_to_what_was_checked",
    "GHSA-j3rg-3rgm-537h, names": "security/test_import.py::test_no_name_leads_inside",
    "GHSA-4jw7-6mqj-vrhq": "security/test_import.py::test_there_is_one_way_out",
    "class 2, imports": "security/test_import.py::test_who_may_make_no_file_makes_no_connection",
    "class 14, archives that are fetched": (
        "gateway/fetching/test_client.py::test_a_bomb_is_counted_as_it_unpacks"
    ),
    "class 12": "security/test_statements.py::test_nothing_sent_becomes_sql",
    "class 15": "security/test_limits.py::test_relations_are_no_deeper_than_the_bound",
    "class 15, lists": "security/test_limits.py::test_the_bound_holds_in_nested_lists_exports_and_groups",
    "class 15, documents": "security/test_graphql.py::test_circular_fragments",
    "class 15, bodies": "e2e/test_connections.py::test_a_body_of_a_gigabyte_is_refused_unread",
    "class 15, connections": (
        "e2e/test_connections.py::test_more_connections_than_the_bound_are_refused_and_the_others_live"
    ),
    "class 8, refusals of limits": "security/test_rate_limits.py::test_other_origins_see_their_refusals",
    "class 15, texts that go into the log": "security/test_logs.py::test_no_text_keeps_the_log_busy",
    "class 15, floods": "security/test_rate_limits.py::test_a_flood_is_refused_before_anything_costs",
    "class 15, guesses": "security/test_rate_limits.py::test_one_password_for_every_account",
    "class 17, every way in": "security/test_logs.py::test_the_log_holds_no_secret",
    "class 17": "security/test_logs.py::test_an_unexpected_error_tells_its_stack_to_the_log_alone",
    "class 17, mails": "security/test_mail.py::test_the_log_holds_no_link",
    "GHSA-5h38-6755-g83w": "security/test_mail.py::test_template_names_lead_nowhere_else",
    "GHSA-77qm-wvqq-fg79": "security/test_assets.py::test_names_on_disk_lead_nowhere_else",
    "GHSA-7vcx-mhxq-9j96": "security/test_assets.py::test_images_have_a_largest_size",
    "GHSA-rv78-qqrq-73m5": "security/test_assets.py::test_no_request_leaves_a_file_open",
    "GHSA-j8xj-7jff-46mx": "security/test_assets.py::test_no_request_leaves_a_file_open",
    "GHSA-j8xj-7jff-46mx, clients that leave": (
        "security/test_assets.py::test_a_client_that_leaves_closes_the_file"
    ),
    "GHSA-xmjj-3c76-5w84": "security/test_assets.py::test_files_do_not_run_in_the_origin",
    "CVE-2025-62727": "security/test_assets.py::test_thousands_of_ranges_are_one_refusal",
    "class 13, zips": "security/test_assets.py::test_a_zip_leads_nowhere",
    "class 13, templates": "security/test_mail.py::test_template_names_lead_nowhere_else",
    "GHSA-mv33-9f6j-pfmc": "security/test_files.py::test_a_refused_form_writes_no_byte",
    "GHSA-393c-p46r-7c95": "security/test_files.py::test_names_in_storage_are_the_server_s",
    "GHSA-77qm-wvqq-fg79, rows": "security/test_files.py::test_a_row_that_names_no_file_ends_nothing",
    "CVE-2019-13979": "security/test_files.py::test_any_extension_is_stored_inert",
    "CVE-2024-47874": "security/test_files.py::test_forms_are_refused_early",
    "CVE-2024-47874, meanwhile": "security/test_files.py::test_others_are_served_while_a_file_comes_in",
    "class 2, on the disk": "gateway/uploads/test_files_http.py::test_all_files_of_a_request_or_none",
    "class 13, files": "security/test_files.py::test_names_that_lead_elsewhere_stay_names",
    "class 13, storage": "security/test_storage.py::test_names_in_rows_lead_nowhere_else",
    "GHSA-4hmq-ggrm-qfc6": "security/test_mail.py::test_what_is_sent_is_escaped_in_the_mail",
    "CVE-2026-40192": "gateway/images/test_hostile.py::test_hostile_files_cost_an_error",
    "CVE-2026-40192, the library is in one place": (
        "gateway/images/test_workers.py::test_only_workers_import_an_image_library"
    ),
    "class 14, images": "gateway/images/test_hostile.py::test_hostile_files_cost_an_error",
    "class 14, many frames": "gateway/images/test_hostile.py::test_many_frames_are_one",
    "class 14, memory": "gateway/images/test_workers.py::test_memory_has_a_bound",
    "class 15, mails": "security/test_mail.py::test_a_mail_server_that_hangs_stops_nobody",
    "class 19, pages": "security/test_reply_headers.py::test_pages_have_a_policy_of_their_own",
    "GHSA-qqmv-5p3g-px89": "security/test_tus.py::test_bytes_of_others_stay",
    "GHSA-xjxq-pj7h-g676": "security/test_tus.py::test_bytes_of_others_stay",
    "GHSA-3742-46gx-c8cc": "security/test_tus.py::test_the_server_alone_names_what_it_stores",
    "class 13, uploads that can be resumed": "security/test_tus.py::test_names_that_lead_elsewhere",
    "class 19": "security/test_reply_headers.py::test_every_reply",
}

#: what has no door here yet -> advisories that are about it, the first of each row
LATER: Final = {
    "versions of items": ("GHSA-7p53-c7p5-8j2j",),
    "subscriptions and sockets": (
        *("GHSA-gggm-66rh-pp98", "GHSA-849r-qrwj-8rv4", "GHSA-97xr-jchp-xm3c", "GHSA-mww8-4gwh-rjfw"),
        *("GHSA-ff8w-8crv-9rcf", "GHSA-hmgw-9jrg-hf2m", "CVE-2026-35523", "CVE-2026-35526"),
    ),
    "shares": ("GHSA-pmf4-v838-29hg", "GHSA-7h45-q5jx-7r87", "GHSA-pqp8-63c5-fm34"),
    "flows": ("GHSA-fm3h-p9wm-h74h", "GHSA-7cvf-pxgp-42fc", "GHSA-22rr-f3p8-5gf8"),
    "an app that is served": ("CVE-2023-29159",),
    "single sign-on": ("GHSA-fr3w-2p22-6w7p",),
    "nothing to test: no text, or no such thing here": ("GHSA-q83v-hq3j-4pq3", "CVE-2025-22151"),
}

_ID: Final = re.compile(r"GHSA(?:-[0-9a-z]{4}){3}|CVE-\d{4}-\d+")


@pytest.mark.parametrize("flaw", TESTED)
def test_its_test_exists(flaw: str) -> None:
    name, _, function = TESTED[flaw].partition("::")
    tree = ast.parse((TESTS / name).read_text(encoding="utf-8"))
    assert function in {
        node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def test_nothing_is_said_twice() -> None:
    later = [flaw for flaws in LATER.values() for flaw in flaws]
    assert len(set(later)) == len(later)
    assert not set(later) & set(TESTED)


def rows(text: str) -> Iterator[list[str]]:
    """The ids of each row of the catalogue; rows about systems without advisories have none."""
    for line in text.splitlines():
        found = _ID.findall(line.split("|")[1]) if line.startswith("| ") else []
        if found:
            yield found


@pytest.mark.reference
def test_no_row_is_forgotten(reference_dir: Path) -> None:
    known = {*TESTED, *(flaw for flaws in LATER.values() for flaw in flaws)}
    catalogue = list(rows((reference_dir / "reference" / "security.md").read_text(encoding="utf-8")))
    assert len(catalogue) > 60
    assert [ids for ids in catalogue if not known & set(ids)] == []
