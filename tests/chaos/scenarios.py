"""The scenarios of reliability.md 5.3, each with the tests that hold it, or why none.

`tests` are node ids without parameters; a test checks that each of them exists. Those
marked `chaos` run under `make chaos` only. `reason` says what of a scenario is not
tested, and why; a scenario without tests must have one.
"""

from dataclasses import dataclass

LAST = 55

_POINTS = "chaos/test_points.py::"
PART = _POINTS + "test_deaths_at_every_point_of_a_part_lose_and_double_nothing"
POINT = _POINTS + "test_a_death_at_one_point_loses_and_doubles_nothing"
ON_POSTGRES = (
    _POINTS + "test_deaths_at_every_point_lose_and_double_nothing_on_postgresql"
)
BUGS = _POINTS + "test_bugs_at_every_point_of_a_part_lose_and_double_nothing"
POINTS = (PART, POINT, ON_POSTGRES, BUGS)
_ACTORS = "flow/test_actors.py::"
_ENGINE = "adapters/test_store_engine.py::"
_FAILURES = "flow/test_known_failures.py::"
_IMAP = "adapters/test_imap.py::"
_LEDGER = "adapters/test_store_ledger.py::"
_OUTAGES = "chaos/test_outages.py::"
_POLL = "flow/test_poll.py::"
_QUEUE = "adapters/test_queue.py::"
_RAW = "adapters/test_raw.py::"
_RUNNER = "flow/test_runner.py::"
_SCHEDULE = "flow/test_schedule.py::"
_SMTP = "adapters/test_smtp.py::"
_SWEEP = "flow/test_sweep.py::"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: what is done to the program, and what shows that it holds."""

    what: str
    tests: tuple[str, ...] = ()
    reason: str = ""


SCENARIOS: dict[int, Scenario] = {
    1: Scenario(
        "poller killed after SEARCH",
        (*POINTS, _POLL + "test_a_kill_releases_nothing_and_the_next_poller_goes_on"),
    ),
    2: Scenario(
        "poller killed before a blob has its name",
        (
            *POINTS,
            _RAW + "TestTrouble::test_a_kill_leaves_an_orphan_that_goes_after_a_day",
        ),
    ),
    3: Scenario(
        "poller killed after a blob has its name",
        (*POINTS, _RAW + "TestPut::test_a_blob_of_a_killed_process_is_synced_again"),
    ),
    4: Scenario(
        "poller killed before it rings",
        (
            *POINTS,
            _SCHEDULE
            + "test_scenario_4_a_job_whose_ring_was_lost_is_rung_by_the_next_sweep",
        ),
    ),
    5: Scenario(
        "worker killed before and after it marks a mail",
        (
            *POINTS,
            "adapters/test_imap_marks.py::test_D5_a_mail_that_was_moved_is_not_copied_again",
        ),
    ),
    6: Scenario(
        "worker killed after it took a job",
        (
            *POINTS,
            _RUNNER
            + "test_scenario_6_a_job_whose_worker_died_runs_again_and_costs_no_failure",
            _SCHEDULE + "test_scenario_6_the_jobs_of_a_dead_process_run_again_at_once",
        ),
    ),
    7: Scenario(
        "worker killed before it commits",
        (*POINTS, _FAILURES + "test_L3_a_kill_at_any_commit_loses_and_doubles_nothing"),
    ),
    8: Scenario(
        "worker killed after it committed",
        (*POINTS, _RUNNER + "test_scenario_8_a_second_ring_of_a_done_job_does_nothing"),
    ),
    9: Scenario(
        "sender killed before connect, after DATA, after the dot, after 250",
        (
            *POINTS,
            _ACTORS + "test_an_attempt_that_nobody_saw_the_end_of_counts_as_uncertain",
            _ACTORS + "test_silence_after_the_final_dot_holds_a_decision_for_a_person",
        ),
    ),
    10: Scenario(
        "random kills of every process",
        ("chaos/test_kills.py::test_random_kills_lose_and_double_nothing",),
        "also by hand for longer: python -m tests.chaos kills --kills 1000",
    ),
    11: Scenario(
        "worker stopped beyond its lease, then continued",
        (
            _RUNNER
            + "test_scenario_11_a_worker_that_was_paused_too_long_writes_nothing",
            _OUTAGES + "test_scenario_11_a_stopped_worker_gives_way_and_writes_nothing",
        ),
        "on SQLite a process that is stopped within a write holds up all others",
    ),
    12: Scenario(
        "SIGTERM while a mail is handed to the relay",
        (
            _QUEUE
            + "test_scenario_12_a_worker_that_stops_lets_its_job_end_and_gives_the_others_back",
            _OUTAGES + "test_scenario_12_a_worker_told_to_stop_ends_its_mail_first",
        ),
    ),
    13: Scenario(
        "FLUSHALL under load",
        (
            _QUEUE
            + "test_scenario_13_after_flushall_the_sweep_rings_what_is_due_again",
            _OUTAGES + "test_scenarios_13_to_16_whatever_redis_does_costs_only_time",
        ),
    ),
    14: Scenario(
        "Redis down, back empty",
        (
            _QUEUE
            + "test_scenario_14_ringing_without_redis_is_swallowed_and_logged_once",
            _QUEUE
            + "test_scenario_14_redis_may_go_and_come_back_and_each_outage_is_logged",
            _OUTAGES + "test_scenarios_13_to_16_whatever_redis_does_costs_only_time",
        ),
        "jobs rest while Redis is down, since workers are woken by it alone; mails are"
        " stored meanwhile",
    ),
    15: Scenario(
        "Redis stands still",
        (
            _QUEUE + "test_a_command_is_never_sent_twice_and_never_waits_for_ever",
            _OUTAGES + "test_scenarios_13_to_16_whatever_redis_does_costs_only_time",
        ),
    ),
    16: Scenario(
        "Redis out of memory, or read-only",
        (_OUTAGES + "test_scenarios_13_to_16_whatever_redis_does_costs_only_time",),
    ),
    17: Scenario(
        "answers of Redis are lost",
        (
            _QUEUE + "test_a_doubled_ring_runs_a_job_once",
            _OUTAGES + "test_scenario_17_answers_of_redis_that_are_lost_cost_only_time",
        ),
    ),
    18: Scenario(
        "PostgreSQL stopped, and its connections ended",
        (
            _ENGINE
            + "test_scenario_18_a_cut_connection_is_a_passing_trouble_and_the_pool_recovers",
            _OUTAGES + "test_scenario_18_a_database_that_stops_costs_only_time",
            _ENGINE + "test_a_postgres_that_falls_silent_is_noticed_within_a_minute",
        ),
    ),
    19: Scenario(
        "the database's disk is full",
        (
            _ENGINE
            + "test_scenario_19_a_full_disk_is_a_passing_trouble_and_nothing_is_written",
            _POLL + "test_a_database_that_is_away_is_waited_out",
        ),
        "the desk has no page for a database that takes nothing: it answers 503",
    ),
    20: Scenario(
        "the raw store's disk is full",
        (
            _RAW
            + "TestTrouble::test_scenario_20_a_full_disk_takes_no_blob_and_recovers",
            _SWEEP + "test_no_row_without_its_blob_when_the_disk_is_full",
            _POLL + "test_L12_a_full_disk_is_waited_out",
        ),
    ),
    21: Scenario(
        "SQLite locked by another process",
        (
            _ENGINE + "test_scenario_21_a_writer_waits_for_a_lock_and_loses_no_update",
            _ENGINE
            + "test_a_lock_that_stays_is_a_passing_trouble_and_nothing_is_written",
        ),
    ),
    22: Scenario(
        "four processes that read, modify and write",
        (
            _ENGINE
            + "test_scenario_22_four_processes_that_read_modify_write_lose_no_update",
        ),
    ),
    23: Scenario(
        "a conflict at the commit",
        (
            _ENGINE + "test_two_transactions_in_conflict_are_a_passing_trouble",
            _RUNNER + "test_a_job_on_a_claim_that_moved_is_run_again_at_once",
        ),
    ),
    24: Scenario(
        "connection lost during COMMIT",
        (
            "chaos/test_commits.py::test_scenario_24_a_commit_whose_answer_is_lost_is_not_repeated",
        ),
    ),
    25: Scenario(
        "451 at RCPT for an hour",
        (
            _ACTORS + "test_a_deferred_mail_is_sent_later_with_the_same_bytes",
            _RUNNER + "test_a_refused_job_waits_ever_longer_and_at_most_so_long",
        ),
    ),
    26: Scenario(
        "550 at RCPT, 552 at the dot",
        (
            _ACTORS + "test_a_refused_mail_is_not_tried_again",
            _SMTP + "test_before_the_final_dot_a_failure_means_this",
            _SMTP + "test_an_answer_or_a_break_means_this",
        ),
    ),
    27: Scenario(
        "421 at every command, slow answers",
        (
            _SMTP + "test_an_answer_or_a_break_means_this",
            _SMTP
            + "test_a_relay_that_stops_reading_the_body_is_a_timeout_before_the_dot",
            _OUTAGES + "test_scenario_27_a_relay_that_is_closed_loses_no_e_mail",
        ),
    ),
    28: Scenario(
        "disconnect or silence at the dot",
        (
            _SMTP
            + "test_a_mail_that_the_real_server_keeps_and_never_confirms_is_uncertain",
            _ACTORS + "test_silence_after_the_final_dot_sends_an_acknowledgement_again",
            _OUTAGES + "test_scenario_28_a_cut_at_the_dot_repeats_the_same_bytes",
        ),
        "11 minutes of silence are a shortened timeout",
    ),
    29: Scenario(
        "the relay refuses the login",
        (
            _SMTP + "test_a_login_that_fails_blocks_the_channel_unless_it_is_for_now",
            _OUTAGES + "test_scenario_29_a_refused_login_keeps_the_queue_and_tells",
        ),
    ),
    30: Scenario(
        "certificate expired, of another host, STARTTLS stripped",
        (
            _SMTP + "test_a_certificate_that_is_not_trusted_sends_nothing",
            _SMTP + "test_starttls_that_is_not_offered_is_never_left_out",
            _IMAP + "TestCodes::test_a_server_without_tls",
        ),
    ),
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
        reason="not tested: an older record reads again what it lacks, and its answers"
        " go out once more with the same Message-IDs",
    ),
    54: Scenario(
        "the virus scanner is down",
        reason="there is no virus scanner: no file is opened but in a child with"
        " limits, and none is called clean",
    ),
    55: Scenario(
        "power loss",
        (
            _RAW + "TestPut::test_all_is_on_disk_before_put_returns",
            _ENGINE + "test_sqlite_survives_power_loss_and_minds_foreign_keys",
            "chaos/test_commits.py::test_scenario_55_what_was_not_synced_may_vanish",
        ),
    ),
}


def node_ids(scenario: Scenario) -> list[str]:
    """Return the tests of a scenario as pytest takes them."""
    return [f"tests/{test}" for test in scenario.tests]
