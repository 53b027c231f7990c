"""阳光监察 Yangguang: `python app.py` runs the command centre; `python app.py --help` lists everything else it does."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.exc import InterfaceError, OperationalError

from config.settings import Settings, load_settings
from core import collector
from core.errors import SupervisionError
from core.log_lines import JsonLines

EXIT_ERROR = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0: done; 1: it could not be done; 2: records were refused; 3: faults were found."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
        _prepare_log(settings)
        return _run(settings, options)
    except SupervisionError as error:
        print(error, file=sys.stderr)
        return EXIT_ERROR
    except (OperationalError, InterfaceError) as error:
        print(f"database_unavailable: {error.orig}", file=sys.stderr)
        return EXIT_ERROR
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except OSError as error:
        print(f"file_unusable: {error}", file=sys.stderr)
        return EXIT_ERROR


def _run(settings: Settings, options: argparse.Namespace) -> int:
    """A command is imported when it is chosen: the public site must not even know the program of the inside."""
    if options.whole is not None:
        return int(command_of(options.whole)(settings, options))
    command = command_of(options.command)
    with collector.resting():
        services = importlib.import_module("bootstrap").build_services(settings)
    collector.settle()
    try:
        return int(command(services, options))
    finally:
        services.database.dispose()


def command_of(name: str) -> Callable[..., int]:
    """The function of a command by module and name, e.g. serving.run."""
    module, _, function = name.partition(".")
    with collector.resting():
        command: Callable[..., int] = getattr(importlib.import_module(f"commands.{module}"), function)
    return command


def _settings(options: argparse.Namespace) -> Settings:
    database = "portal.database_url" if options.name == "portal" else "database.url"
    overrides = {key: value for key, value in ((database, options.database), ("server.port", options.port),
                                               ("server.host", options.host)) if value is not None}
    return load_settings(overrides, file=options.config, env=os.environ)


def _prepare_log(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    if settings.log.format == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=settings.log.level, handlers=[handler])
    for library in ("werkzeug", "alembic", "engineio", "socketio"):
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))
    # It warns of every tick it coalesces, which is what our jobs are made for.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="阳光监察: supervision command centre and approval platform")
    common = _common()
    commands = parser.add_subparsers(dest="name", metavar="command")
    _common_into(parser)
    parser.set_defaults(whole="serving.run", command=None)
    for name, help_text, whole in (("run", "web, push and worker in one process (the default)", "serving.run"),
                                   ("web", "web and push of a scaled-out installation", "serving.run_web"),
                                   ("worker", "sweeps, feeds and jobs of a scaled-out installation", "serving.run_worker"),
                                   ("video", "the hall cameras and their live pictures, at a port of their own",
                                    "serving.run_video"),
                                   ("portal", "the public site of its own, on its own database (docs/exchange.md)",
                                    "outside.run_portal"),
                                   ("demo", "a simulated city, live, in a database of its own", "serving.run_demo")):
        commands.add_parser(name, help=help_text, parents=[common]).set_defaults(whole=whole, command=None)
    _add_records(commands, common)
    _add_reports(commands, common)
    _add_detection(commands, common)
    _add_administration(commands, common)
    return parser


def _common() -> argparse.ArgumentParser:
    parent = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _common_into(parent)
    return parent


def _common_into(parser: argparse.ArgumentParser) -> None:
    suppressed = parser.argument_default is argparse.SUPPRESS
    for flag, kind, help_text in (("--database", str, "sqlite:///FILE or postgresql://USER@HOST/NAME"),
                                  ("--config", Path, "file with the settings of this installation"),
                                  ("--host", str, "address to listen on"), ("--port", int, "port to listen on")):
        parser.add_argument(flag, type=kind, help=help_text, default=argparse.SUPPRESS if suppressed else None)


def _add(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser, name: str,
         command: str, help_text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_text, description=help_text, parents=[common])
    parser.set_defaults(command=command, whole=None)
    return parser


def _add_charging(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    listed = _add(commands, common, "charges", "charging.charges", "fees charged beside what was paid for them")
    listed.add_argument("--from", dest="first", required=True, metavar="DATE", help="first day they were charged on")
    listed.add_argument("--to", dest="last", required=True, metavar="DATE", help="last day")
    listed.add_argument("--all", action="store_true", help="also what matches")
    by_hand = _add(commands, common, "settle", "charging.settle", "settle fees of a case by a payment made outside")
    by_hand.add_argument("case", metavar="CASE")
    for name, help_text in (("by", "account of who takes the money"), ("reference", "of its slip"), ("amount", "in yuan")):
        by_hand.add_argument(f"--{name}", required=True, help=help_text)
    by_hand.add_argument("--kind", required=True, choices=("cash", "pos", "bank_slip"))
    by_hand.add_argument("--fee", type=int, action="append", default=[], help="number of a fee; all that are due unless given")
    by_hand.add_argument("--on", metavar="DATE", help="day of the payment; today unless given")
    by_hand.add_argument("--receipt", default="", help="number of the fiscal receipt; one is given unless there is one")
    day = _add(commands, common, "statement", "charging.statement", "the statement of the payment platform beside our orders")
    day.add_argument("--day", metavar="DATE", help="yesterday unless given")


def _add_records(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    load = _add(commands, common, "import", "records.import_log", "load a log: XES, CSV or JSON Lines, plain or gz")
    _file_and_mapping(load)
    load.add_argument("--source", help="name of the source, instead of the mapping's")
    load.add_argument("--areas", metavar="MANIFEST", help="store the areas an export's manifest names, those that are new")
    load.add_argument("--format", choices=("text", "json"), default="text")
    play = commands.add_parser("replay", help="play a log through the live system, so that the wall moves as it did then",
                               parents=[common])
    _file_and_mapping(play)
    play.add_argument("--speed", type=float, default=3600.0, help="business seconds per real second (default 3600)")
    play.set_defaults(whole="serving.run_replay", command=None)
    _add_exports(commands, common)
    check = _add(commands, common, "verify", "records.verify", "check the journal's chains")
    check.add_argument("--export", help="check this export instead of the database, without the key")
    check.add_argument("--anchors", help="the public anchors: a file or a folder")
    check.add_argument("--record", default="", help="name of the exported record, where the anchors are of several")
    check.set_defaults(whole=None)
    count = _add(commands, common, "recount", "records.recount", "compare the counters with the journal")
    count.add_argument("--repair", action="store_true", help="write the true counters")
    _add(commands, common, "sweep", "records.sweep", "bring every clock to the present")
    _add(commands, common, "anchor", "records.anchor", "publish anchors of the chains")
    _add(commands, common, "export-journal", "records.export_journal",
         "write the journal as JSON Lines").add_argument("file", metavar="FILE")


def _add_exports(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    give = _add(commands, common, "export", "exporting.export", "write the journal or a slice of it for other tools")
    give.add_argument("file", metavar="OUT")
    give.add_argument("--format", choices=("xes", "xes.gz", "parquet", "csv", "csv.gz"), help="instead of what OUT ends in")
    give.add_argument("--from", dest="first", metavar="DATE", help="first day")
    give.add_argument("--to", dest="last", metavar="DATE", help="last day, included")
    give.add_argument("--by", choices=("claimed", "received"), default="claimed", help="whose time the period is of")
    give.add_argument("--area", default="", help="code of an area")
    give.add_argument("--org", default="", help="code of a department")
    give.add_argument("--item", default="", help="code of an item")
    give.add_argument("--kinds", default="", metavar="A,B", help="kinds of events")
    give.add_argument("--whole-cases", action="store_true", help="every event of each case that has one in the slice")
    give.add_argument("--personal", metavar="REASON", help="with personal data, and what for; stands in the audit")
    told = _add(commands, common, "bulletin", "bulletins.bulletin", "draft the monthly bulletin of a month that is over")
    told.add_argument("month", metavar="2026-03")
    told.add_argument("--area", default="", help="code of an area; the whole city otherwise")
    told.add_argument("--dir", metavar="FOLDER", help="write copies to read: PDF, docx and xlsx without a number")
    past = _add(commands, common, "history", "exporting.history", "take what is new into the deep history (Parquet)")
    how = past.add_mutually_exclusive_group()
    how.add_argument("--rebuild", action="store_true", help="make it anew from the journal")
    how.add_argument("--check", action="store_true", help="compare it with the journal")
    question = _add(commands, common, "ask", "exporting.ask", "a question to the deep history, over any period")
    question.add_argument("subject", choices=("rates", "cases", "durations", "events"))
    question.add_argument("--by", default="", metavar="A,B",
                          help="area, org, item, month; of cases state and outcome; of events kind, step and source")
    question.add_argument("--from", dest="first", default="", metavar="DATE")
    question.add_argument("--to", dest="last", default="", metavar="DATE")
    question.add_argument("--dated", default="", choices=("", "opened", "closed"), help="whose period, of cases and durations")
    for name in ("area", "org", "item"):
        question.add_argument(f"--{name}", default="", help=f"only this {name}")
    question.add_argument("--kinds", default="", metavar="A,B", help="only these kinds of events")
    question.add_argument("--quantiles", default="", metavar="0.5,0.9", help="of durations")
    question.add_argument("--format", choices=("csv", "json"), default="csv")


def _file_and_mapping(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--mapping", required=True, help="name of a shipped mapping, or a mapping file")


def _add_reports(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    heat = _add(commands, common, "heatmap", "reports.heatmap", "open overdue cases per department, from the journal")
    heat.add_argument("--from", dest="first", required=True, metavar="DATE")
    heat.add_argument("--to", dest="last", required=True, metavar="DATE")
    heat.add_argument("--step", choices=("day", "week", "month"), default="month")
    numbers = _add(commands, common, "stats", "reports.stats", "closed early, on time and late at the end of a day")
    numbers.add_argument("--as-of", required=True, metavar="DATE")
    for parser, default in ((heat, "csv"), (numbers, "json")):
        parser.add_argument("--limit", required=True, help="promised, statutory, own, or stated: 20wd, 56cd")
        parser.add_argument("--calendar", default="cn", help="cn (State Council) or mf (Monday to Friday)")
        parser.add_argument("--net", action="store_true", help="take suspensions out")
        parser.add_argument("--format", choices=("csv", "json"), default=default)
    _add_indicators(commands, common)
    _add_scores(commands, common)
    trial = _add(commands, common, "backtest", "backtests.backtest", "which cards a preset would have raised in a period")
    trial.add_argument("--preset", required=True, help="the ladder to try: an id of config/rules")
    trial.add_argument("--from", dest="first", required=True, metavar="DATE")
    trial.add_argument("--to", dest="last", required=True, metavar="DATE")
    trial.add_argument("--area", help="try it in this area only")
    trial.add_argument("--alone", action="store_true", help="list every card instead of those that differ from now")
    trial.add_argument("--format", choices=("csv", "json"), default="csv")
    _add_forecast(commands, common)
    watch = _add(commands, common, "patrol", "backtests.patrol", "recompute every issued card, list what no longer agrees")
    watch.add_argument("--format", choices=("text", "json"), default="text")
    why = _add(commands, common, "explain", "reports.explain_case", "why each clock of a case shows what it shows")
    why.add_argument("case", metavar="CASE")
    why.add_argument("--area", help="when the number exists in several areas")
    why.add_argument("--format", choices=("text", "json"), default="text")


def _add_forecast(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    ahead = commands.add_parser("forecast", help="chance of overrun: learn now, try it on the past, show the cases at risk",
                                parents=[common]).add_subparsers(dest="action", metavar="action", required=True)
    learn = _add(ahead, common, "train", "forecasting.train", "learn now and foretell every open case")
    trial = _add(ahead, common, "backtest", "forecasting.backtest", "the forecast as it would have run on everything recorded")
    trial.add_argument("--limit", default="judged", help="judged (as the product judges), or stated for all: 20wd, 56cd")
    trial.add_argument("--area", default="", help="code of an area; all of them otherwise")
    trial.add_argument("--from", dest="first", default="", metavar="DATE", help="day of the first forecast")
    trial.add_argument("--to", dest="last", default="", metavar="DATE", help="day by which outcomes are judged")
    trial.add_argument("--every", type=int, metavar="DAYS", help="calendar days between two forecasts of the open cases")
    trial.add_argument("--retrain", type=int, metavar="DAYS", help="calendar days between two trainings")
    risky = _add(ahead, common, "show", "forecasting.show", "the open cases most likely to overrun")
    risky.add_argument("--org", default="", help="only this organisation")
    risky.add_argument("--limit", type=int, default=20, help="cases at most (default 20)")
    for parser in (learn, trial, risky):
        parser.add_argument("--format", choices=("text", "json"), default="text")


def _add_indicators(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    told = _add(commands, common, "indicators", "indicators.indicators", "indicators of a period, from the figures of the days")
    told.add_argument("--from", dest="first", default="", metavar="DATE")
    told.add_argument("--to", dest="last", default="", metavar="DATE")
    told.add_argument("--by", default="org",
                      choices=("none", "org", "area", "item", "channel", "power_kind", "day", "month", "person"),
                      help="what figures are told apart by; person: who concluded, of the one --org")
    told.add_argument("--only", metavar="A,B", help="these indicators; all of the catalogue otherwise")
    told.add_argument("--basis", choices=("event", "acceptance"), default="event",
                      help="each figure on its own day, or on the day its case was accepted")
    told.add_argument("--org", action="append", default=[], help="only this organisation; may be given several times")
    told.add_argument("--item", action="append", default=[], help="only this item; may be given several times")
    told.add_argument("--area", default="", help="only this area")
    told.add_argument("--list", action="store_true", help="print the catalogue with its formulas instead")
    told.add_argument("--format", choices=("csv", "json"), default="csv")


def _add_scores(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    told = _add(commands, common, "scores", "scores.scores", "scores of a month: as published, or as they would be")
    told.add_argument("--scheme", default="monthly-100", help="code of a scoring scheme (default monthly-100)")
    told.add_argument("--month", default="", metavar="YYYY-MM", help="the present one where nothing is given")
    told.add_argument("--area", default="", help="only this area")
    told.add_argument("--org", default="", help="the lines of this organisation, with the keys of their evidence")
    told.add_argument("--preview", action="store_true", help="as it would be now, even where a score was published")
    told.add_argument("--list", action="store_true", help="print the schemes instead")
    told.add_argument("--format", choices=("csv", "json"), default="csv")


def _add_detection(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    find = _add(commands, common, "detect", "detection.detect", "run the detectors of gaming over a period")
    find.add_argument("--from", dest="first", required=True, metavar="DATE")
    find.add_argument("--to", dest="last", required=True, metavar="DATE")
    find.add_argument("--only", metavar="G1,G7", help="these detectors only")
    find.add_argument("--dry-run", action="store_true", help="print what is found and keep nothing")
    find.add_argument("--format", choices=("text", "json", "csv"), default="text")
    own = _add(commands, common, "volumes", "detection.volumes", "take in what units say of their own volume (CSV)")
    own.add_argument("file", metavar="FILE")
    own.add_argument("--area", help="code of the area; the default area otherwise")


def _add_administration(commands: argparse._SubParsersAction[argparse.ArgumentParser],
                        common: argparse.ArgumentParser) -> None:
    _add(commands, common, "migrate", "administration.migrate", "bring the database to the newest schema")
    person = _add(commands, common, "account", "administration.account", "create an account, or change its roles")
    person.add_argument("username")
    person.add_argument("--name", dest="label", help="name shown to others")
    person.add_argument("--role", action="append", default=[], help="may be given several times")
    person.add_argument("--org", help="unit of a department user")
    person.add_argument("--area", help="code of the one area the person sees; empty text for all of them")
    person.add_argument("--hall", action="append", help="the person sees cameras of this hall only; may be given several "
                        "times, empty text for all halls")
    person.add_argument("--password", action="store_true", help="ask for a new password")
    person.add_argument("--without-second-factor", action="store_true", help="turn the second factor off (a lost telephone)")
    standing = person.add_mutually_exclusive_group()
    standing.add_argument("--deactivate", dest="is_active", action="store_const", const=False, help="end its sessions")
    standing.add_argument("--activate", dest="is_active", action="store_const", const=True, help="let it in again")
    traffic = _add(commands, common, "exchange", "traffic.exchange",
                   "how the exchange with the public site stands; settle what failed")
    traffic.add_argument("--run", action="store_true", help="do a round now")
    settle = traffic.add_mutually_exclusive_group()
    settle.add_argument("--retry", metavar="ID", help="try it again, after the cause was mended")
    settle.add_argument("--give-up", metavar="ID", help="send it back to the applicant")
    traffic.add_argument("--reason", default="", help="what the applicant is told with --give-up")
    paper = commands.add_parser("check-paper", help="whether a file is a paper issued here, unchanged", parents=[common])
    paper.add_argument("file", metavar="FILE")
    paper.add_argument("--keys", metavar="FOLDER", help="check a PDF by these certificates alone, without the register")
    paper.set_defaults(whole="documents.check", command=None)
    film = commands.add_parser("check-evidence", help="whether a package of evidence is what was kept here", parents=[common])
    film.add_argument("file", metavar="FILE")
    film.add_argument("--keys", metavar="FOLDER", help="check it by the public keys of this folder")
    film.set_defaults(whole="evidence.check_evidence", command=None)
    _add(commands, common, "paper-keys", "documents.paper_keys", "make, show or replace the keys papers are signed with"
         ).add_argument("--rotate", action="store_true", help="sign with new keys from now on; the old ones still check")
    _add_charging(commands, common)
    store = _add(commands, common, "materials", "documents.materials", "check the files of applications, remove those nobody "
                 "names, or copy all to the other store")
    store.add_argument("action", choices=("check", "sweep", "copy"))
    store.add_argument("--dry-run", action="store_true", help="sweep: count only")
    store.add_argument("--to", choices=("disk", "s3"), help="copy: where to")
    token = _add(commands, common, "token", "administration.token", "issue a token for a feed or a wall screen; shown once")
    token.add_argument("kind", choices=("feed", "screen", "probe", "admin"))
    token.add_argument("for_name", metavar="NAME")
    token.add_argument("--revoke", action="store_true", help="end its tokens instead")
    _add_readers(commands, common)


def _add_readers(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    reader = _add(commands, common, "read-token", "readers.read_token",
                  "tokens by which other systems read figures; each shown once")
    acts = reader.add_subparsers(dest="act", required=True)
    issue = acts.add_parser("issue", help="issue one: of some interfaces, of an area, a department or everything, for a while",
                            parents=[common])
    issue.add_argument("for_name", metavar="NAME", help="who reads")
    issue.add_argument("--api", action="append", required=True,
                       help="figures, comparison, scores or history; may be given several times")
    issue.add_argument("--area", default="", help="code of the one area it sees")
    issue.add_argument("--org", default="", help="code of the one department it sees")
    issue.add_argument("--days", type=int, default=90, help="days until it ends (90)")
    acts.add_parser("list", help="all there ever were: name, state, interfaces, area, department, by whom, from, until",
                    parents=[common])
    revoke = acts.add_parser("revoke", help="end those of a name", parents=[common])
    revoke.add_argument("for_name", metavar="NAME")
    for one in (issue, revoke):
        one.add_argument("--by", required=True, metavar="USERNAME", help="the administrator who answers for it")


if __name__ == "__main__":
    sys.exit(main())
