"""Scenarios 31 to 55 of reliability.md 5.3: mailboxes, clocks, mails, and disks."""

from tests.chaos.scenario import Scenario

_POINTS = "chaos/test_points.py::"
_ACTORS = "flow/test_actors.py::"
_ENGINE = "adapters/test_store_engine.py::"
_FAILURES = "flow/test_known_failures.py::"
_IMAP = "adapters/test_imap.py::"
_LEDGER = "adapters/test_store_ledger.py::"
_OUTAGES = "chaos/test_outages.py::"
_POLL = "flow/test_poll.py::"
_RECOVERING = "flow/test_recovering.py::test_what_is_missing_is_"
_RAW = "adapters/test_raw.py::"
_RUNNER = "flow/test_runner.py::"
_SCHEDULE = "flow/test_schedule.py::"
_SWEEP = "flow/test_sweep.py::"

OF_MAILS: dict[int, Scenario] = {
    31: Scenario(
        "IMAP cut in a literal, in a line, in IDLE; half-open",
        (
            _POLL
            + "TestOnDovecot::test_scenario_31_cuts_anywhere_lose_and_double_nothing",
            _IMAP + "TestOnDovecot::test_a_cut_anywhere_is_no_mail",
            _IMAP + "TestOnDovecot::test_half_open_while_waiting",
            _IMAP + "TestOnDovecot::test_a_cut_while_waiting",
        ),
    ),
    32: Scenario(
        "BYE, UNAVAILABLE, too many connections",
        (
            _IMAP + "TestCodes::test_login",
            _IMAP + "TestCodes::test_greeting",
            _POLL + "test_P8_the_pauses_grow_to_five_minutes_and_one_warning_is_logged",
        ),
    ),
    33: Scenario(
        "UIDVALIDITY changes",
        (
            _LEDGER
            + "test_scenario_33_mails_of_an_earlier_epoch_become_aliases_and_new_ones_mails",
            _OUTAGES + "test_scenario_33_another_uidvalidity_answers_nobody_again",
        ),
    ),
    34: Scenario(
        "a gap of 10,000 UIDs",
        (
            _SWEEP + "test_a_gap_of_10_000_uids_is_passed_in_a_few_searches",
            _SWEEP + "test_a_gap_of_four_thousand_million_uids_is_passed",
        ),
    ),
    35: Scenario(
        "folder made anew, mails removed while they are polled",
        (
            _POLL
            + "TestOnDovecot::test_scenario_35_a_folder_that_is_deleted_and_made_anew",
            _SWEEP + "test_a_mail_that_goes_between_search_and_fetch_is_passed",
        ),
    ),
    36: Scenario(
        "two and ten pollers on one mailbox",
        (
            _LEDGER + "test_scenario_36_ten_pollers_that_start_together_make_one_lease",
            _LEDGER + "test_D3_D8_two_pollers_of_one_mailbox_make_one_row_for_each_uid",
        ),
    ),
    37: Scenario(
        "odd answers of an IMAP server",
        (
            _IMAP + "TestFetch::test_P5_an_odd_answer_costs_only_its_own_mail",
            _IMAP + "TestFetch::test_a_broken_answer_is_no_mail",
            _IMAP + "TestFetch::test_heads_where_size_or_date_make_no_sense",
        ),
    ),
    38: Scenario(
        "OAuth token expired",
        reason="there is no OAuth yet: login is by password. A password that is"
        " refused is tested in flow/test_poll.py (P11)",
    ),
    39: Scenario(
        "the clock jumps",
        (
            _SCHEDULE
            + "test_scenario_39_a_clock_that_jumps_fires_nothing_twice_and_nothing_early",
            _SCHEDULE + "test_T4_deadlines_count_real_hours_over_the_change_of_clocks",
            _LEDGER
            + "test_a_lease_runs_by_the_databases_clock_and_not_by_business_time",
        ),
        "business time is moved by our own clock, not by libfaketime",
    ),
    40: Scenario(
        "two schedulers, a missed slot",
        (
            _SCHEDULE + "test_T6_two_schedulers_at_once_make_one_job_and_one_mail",
            _SCHEDULE + "test_scenario_40_what_fell_due_during_a_week_off_is_done_once",
        ),
    ),
    41: Scenario(
        "a backlog of 10,000 mails",
        (
            _SWEEP + "test_the_bytes_of_a_batch_are_bounded",
            "chaos/test_kills.py::test_random_kills_lose_and_double_nothing",
        ),
        "by hand: python -m bench memory, latency and desk_speed. There is no lane for"
        " new mail: the oldest comes first (L16)",
    ),
    42: Scenario(
        "a mail that kills its reader",
        (
            "adapters/test_reader.py::test_scenario_42_a_poison_mail_breaks_a_child_and_no_more",
            "adapters/test_hostile_mail.py::test_a_picture_of_a_billion_pixels_is_not_opened",
            _ACTORS
            + "test_P1_a_mail_that_breaks_the_reader_is_parked_and_the_next_one_is_read",
        ),
    ),
    43: Scenario(
        "mails of 50 and 200 MB",
        (
            "adapters/test_reader.py::test_p9_a_mail_of_50_mb_takes_less_than_250_mb",
            _SWEEP + "test_P9_a_mail_over_the_cap_is_stored_by_its_beginning",
            _SWEEP + "test_P9_a_big_mail_comes_in_parts",
        ),
    ),
    44: Scenario(
        "headers made to keep a parser busy",
        (
            "adapters/test_hostile_mail.py::test_p2_a_hostile_mail_costs_little_and_the_next_is_read",
        ),
    ),
    45: Scenario(
        "a storm of automatic mails",
        (
            _FAILURES
            + "test_S2_and_S3_an_answer_to_each_answer_ends_within_the_budget",
            _FAILURES + "test_S3_two_of_us_do_not_answer_each_other",
            "flow/test_breaker.py::test_S3_what_is_more_than_the_hour_allows_is_held_and_told_once",
        ),
    ),
    46: Scenario(
        "5,000 mails of forged senders",
        ("chaos/test_forged.py::test_scenario_46_forged_senders_get_no_answer",),
        "100 of them, since each costs the same",
    ),
    47: Scenario(
        "forged Authentication-Results and senders",
        (
            "flow/test_identity.py::test_T3_a_forged_sender_is_tier_c_though_on_file_and_never_answered",
            "flow/test_identity.py::test_a_mail_without_one_clear_sender_is_nobodys",
            "flow/test_identity.py::test_a_header_of_microsofts_form_that_came_with_the_mail_proves_nothing",
        ),
    ),
    48: Scenario(
        "bounces, forged and genuine",
        (
            "flow/test_bounces.py::test_a_forged_bounce_of_a_stranger_undoes_nothing",
            "flow/test_bounces.py::test_an_email_that_came_back_is_marked_and_a_person_is_told",
            "flow/test_bounces.py::test_a_delay_changes_nothing",
            "flow/test_machines.py::test_a_complaint_report_is_no_claim",
        ),
    ),
    49: Scenario(
        "the same mail twice, one Message-ID for two",
        (
            _ACTORS + "test_D1_the_same_mail_twice_is_one_claim_and_one_answer",
            "chaos/test_forged.py::test_scenario_49_one_message_id_for_two_mails",
        ),
    ),
    50: Scenario(
        "a template that fails, values that break headers",
        (
            _ACTORS
            + "test_L13_a_template_that_fails_holds_the_answer_and_keeps_the_claim",
            "adapters/test_outgoing.py::test_a_subject_cannot_add_a_header_or_turn_the_line_around",
            "adapters/test_render.py::test_a_fault_of_a_template_gives_up_and_tells_no_facts",
        ),
    ),
    51: Scenario(
        "a slow disk",
        (_POINTS + "test_a_machine_on_which_every_step_is_slow_does_the_same",),
    ),
    52: Scenario(
        "an upgrade beside old workers",
        (
            _RUNNER
            + "test_scenario_52_a_kind_that_we_do_not_know_is_parked_and_not_run",
            "adapters/test_migrations.py::test_an_upgrade_beside_running_workers_waits_for_them",
        ),
    ),
    53: Scenario(
        "a backup of an hour ago",
        (_RECOVERING + "read_again_and_its_answers_wait_for_a_person",),
    ),
    54: Scenario(
        "the virus scanner is down",
        reason="there is no virus scanner: no file is opened but in a child with"
        " limits, and none is called clean",
    ),
    55: Scenario(
        "power loss",
        (
            _RAW + "TestPut::test_all_is_on_disk_before_it_gets_its_name",
            _ENGINE + "test_sqlite_survives_power_loss_and_minds_foreign_keys",
            "chaos/test_commits.py::test_scenario_55_what_was_not_synced_may_vanish",
        ),
    ),
}
