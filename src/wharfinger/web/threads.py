"""Where work that waits (for a disk, a database, a lock) is done, so that the event loop never does."""

from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar, TypeVarTuple

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

# Threads wait together for one commit, so there are more of them than cores; none waits for a client.
_POOL: Final = ThreadPoolExecutor(64, thread_name_prefix="wharfinger")


async def in_thread(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call a function that may wait."""
    return await get_running_loop().run_in_executor(_POOL, function, *arguments)
