"""`python -m neo_assets.spark_server prepare`, and the server's own process."""

from pathlib import Path
from typing import Annotated

import typer

from neo_assets.spark_server.delta_jars import DeltaJarsError, delta_jars
from neo_assets.spark_server.java import JavaError, find_java
from neo_assets.spark_server.process import serve

application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@application.command()
def prepare() -> None:
    """Find Java and fetch what Delta needs, so that a server can start without a network."""
    try:
        java = find_java()
        typer.echo(f"Java: using {java.home} (version {java.version})")
        typer.echo("Delta JARs: ", nl=False)
        jars = delta_jars()
    except (JavaError, DeltaJarsError) as error:
        typer.echo(f"\n{error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(jars[0].parent)


@application.command("serve", hidden=True)
def _serve(
    jars: list[str],
    port: Annotated[int, typer.Option()],
    work_directory: Annotated[Path, typer.Option()],
    memory: Annotated[str, typer.Option()],
    is_lasting: Annotated[bool, typer.Option("--lasting")] = False,
) -> None:
    serve(port, work_directory, jars, is_lasting=is_lasting, memory=memory)


application()
