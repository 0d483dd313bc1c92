"""`claims token`: the tokens of the APIs, for whoever has the machine."""

from typing import Annotated

import typer
from rich.table import Table

from worker.cli.console import out
from worker.cli.staff import opened
from worker.domain.errors import UsageError
from worker.domain.staff import THE_MACHINE

app = typer.Typer()
token = typer.Typer(help="The tokens of the APIs.", no_args_is_help=True)
app.add_typer(token, name="token")
Name = Annotated[str, typer.Argument(help="Which program uses it.")]


@token.command(epilog="Example: `claims token add warehouse`")
def add(
    name: Name,
    *,
    points: Annotated[
        bool,
        typer.Option("--points", help="It opens the points API, and nothing else."),
    ] = False,
) -> None:
    """Make a token and print it; it is not shown again."""
    scope = "points" if points else "read"
    with opened() as parts:
        secret = parts.desk.tokens.add(name, by=THE_MACHINE, scope=scope)
        parts.desk.actions.add(THE_MACHINE, "token made", f"token:{name.strip()}")
    typer.echo(secret)


@token.command("list", epilog="Example: `claims token list`")
def list_tokens() -> None:
    """List the tokens, those that work first."""
    with opened() as parts:
        tokens = parts.desk.tokens.listed()
    if not tokens:
        out.print("There is no token yet: `claims token add NAME`")
        return
    table = Table("name", "opens", "made by", "made", "last used", "state")
    for one in tokens:
        used = f"{one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "never"
        state = "revoked" if one.revoked_at else "works"
        made = f"{one.made_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(one.name, one.scope, one.made_by, made, used, state)
    out.print(table)


@token.command(epilog="Example: `claims token revoke warehouse`")
def revoke(name: Name) -> None:
    """Let a token open nothing any more."""
    with opened() as parts:
        found = parts.desk.tokens.named(name)
        if found is None:
            raise UsageError(f"there is no token {name}: see `claims token list`")
        parts.desk.tokens.revoke(found.token_id)
        parts.desk.actions.add(THE_MACHINE, "token revoked", f"token:{found.name}")
    out.print(f"{found.name} opens nothing any more.", markup=False)
