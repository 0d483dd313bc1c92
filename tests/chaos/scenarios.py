"""The scenarios of reliability.md 5.3, each with the tests that hold it, or why none.

`tests` are node ids without parameters; a test checks that each of them exists. Those
marked `chaos` run under `make chaos` only. `reason` says what of a scenario is not
tested, and why; a scenario without tests must have one. Here are 1 to 30, of processes
and of the servers around them; the others are in `scenarios_of_mails.py`.
"""

from tests.chaos.scenario import Scenario
from tests.chaos.scenarios_of_mails import OF_MAILS

LAST = 55

_POINTS = "chaos/test_points.py::"
PART = _POINTS + "test_deaths_at_every_point_of_a_part_lose_and_double_nothing"
POINT = _POINTS + "test_a_death_at_one_point_loses_and_doubles_nothing"
ON_POSTGRES = (
    _POINTS + "test_deaths_at_every_point_lose_and_double_nothing_on_postgresql"
)
BUGS = _POINTS + "test_bugs_at_every_point_lose_and_double_nothing"
POINTS = (PART, POINT, ON_POSTGRES, BUGS)
_ACTORS = "flow/test_actors.py::"
_ENGINE = "adapters/test_store_engine.py::"
_FAILURES = "flow/test_known_failures.py::"
_IMAP = "adapters/test_imap.py::"
_OUTAGES = "chaos/test_outages.py::"
_POLL = "flow/test_poll.py::"
_QUEUE = "adapters/test_queue.py::"
_RAW = "adapters/test_raw.py::"
_RUNNER = "flow/test_runner.py::"
_SCHEDULE = "flow/test_schedule.py::"
_SMTP = "adapters/test_smtp.py::"
_SWEEP = "flow/test_sweep.py::"

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
        (
            *POINTS,
            _RAW + "TestLog::test_the_log_of_a_killed_process_is_settled_by_the_next",
        ),
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
    **OF_MAILS,
}


def node_ids(scenario: Scenario) -> list[str]:
    """Return the tests of a scenario as pytest takes them."""
    return [f"tests/{test}" for test in scenario.tests]
