from collections.abc import Awaitable
from collections.abc import Mapping
from os import PathLike
from typing import Literal
from typing import TypeAlias
from typing import final

Item: TypeAlias = (
    tuple[Literal["event"], str, str]
    | tuple[Literal["log"], str, str]
    | tuple[Literal["completed"], str]
    | tuple[Literal["closed"]]
)

class ProviderFailure(Exception):
    """What went wrong, as the text of a JSON object: the contract's `provider-error` in the kernel's form."""

@final
class Host:
    """A provider that is loaded, configured and ready."""

    @staticmethod
    def open(
        config: str, environment: Mapping[str, str], component: str | None = None, watch: bool = False
    ) -> Awaitable[Host]: ...
    @staticmethod
    def info() -> str: ...
    def stream(self, request: str) -> Stream: ...
    def models(self) -> Awaitable[str]: ...
    def describe(self) -> Awaitable[str]: ...
    def swap(self, path: str | PathLike[str]) -> Awaitable[str]: ...
    def statistics(self) -> str: ...
    def notes(self) -> list[tuple[str, str]]: ...
    def close(self, seconds: float = 5.0) -> Awaitable[None]: ...

@final
class Stream:
    """One call. Dropping it, or closing it, ends its HTTP exchange."""

    def poll(self) -> Item | None: ...
    def ready(self) -> Awaitable[None]: ...
    def close(self) -> None: ...
