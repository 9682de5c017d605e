"""Kernels of this very Python, over ipc in a short temporary folder; run as a module, this file is such a kernel."""

import os
import resource
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxresearch.progress import QUIET

# Bytes of address space that a kernel may use; unset for no limit.
MEMORY_VARIABLE = "CXRESEARCH_KERNEL_MEMORY"
POLL_SECONDS = 0.5


def spare_grammar() -> None:
    """Keep jsonschema, which nbformat imports, from building a grammar of international addresses for 3 seconds.

    Notes
    -----
    It is needed only to validate the formats `iri` and `iri-reference`, which no notebook has. A None in `sys.modules`
    makes the import fail, which jsonschema allows for.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def make_manager() -> type:
    """Return the kernel manager class for nbclient (imports jupyter_client).

    Notes
    -----
    ipc sockets need no ports, so two runs cannot take each other's, and nothing listens on the network. The kernel is
    the interpreter that runs this, whatever kernelspecs the user's home holds.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class Manager(AsyncKernelManager):
        """Start this interpreter's kernel over ipc."""

        def __init__(self, **arguments: Any) -> None:
            # A socket's path may have about 100 characters, which a project's own folder easily passes.
            folder = tempfile.mkdtemp(prefix="k", dir=os.environ["JUPYTER_RUNTIME_DIR"])
            super().__init__(transport="ipc", connection_file=f"{folder}/c.json", **arguments)

        @property
        def kernel_spec(self) -> KernelSpec:
            """Return the command that starts the kernel."""
            command = [sys.executable, "-m", "cxresearch.report.kernel", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

        async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
            """End what the kernel's cells started, where the kernel itself has died, and clean up."""
            group = getattr(self.provisioner, "pgid", None)
            with suppress(ProcessLookupError, PermissionError):
                if group:
                    os.killpg(group, signal.SIGKILL)
            await super().cleanup_resources(restart=restart)

    return Manager


def kernel_environment(home: Path, sockets: str, memory: int | None) -> dict[str, str]:
    """Return the environment in which a report's kernels run, so that nothing in a user's home changes a report.

    Parameters
    ----------
    home
        Folder for the settings and caches of IPython and matplotlib.
    sockets
        A short folder for connection files and sockets.
    memory
        Bytes of address space that a kernel may use, or None.
    """
    package = Path(__file__).resolve().parents[2]
    environment = {
        "JUPYTER_RUNTIME_DIR": sockets,
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        # The package whose sources were hashed is the one that the notebooks import.
        "PYTHONPATH": str(package),
        "PYTHONNOUSERSITE": "1",
        "PYTHONHASHSEED": "0",
        # Sums of one BLAS thread are the same on any number of cores.
        "OPENBLAS_NUM_THREADS": "1",
        QUIET: "1",
    }
    return environment | ({MEMORY_VARIABLE: str(memory)} if memory else {})


def main() -> None:
    """Limit the memory, then become a kernel."""
    if limit := os.environ.get(MEMORY_VARIABLE):
        resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
    spare_grammar()
    from ipykernel.kernelapp import launch_new_instance

    threading.Thread(target=_end_with_parent, args=(int(os.environ["JPY_PARENT_PID"]),), daemon=True).start()
    # IPython's own watch over the parent would leave behind what cells started; 1 is nobody to watch.
    launch_new_instance(parent_handle=1)


def _end_with_parent(parent: int) -> None:
    """Once the parent has gone, end this kernel and all that its cells started: it leads a group of its own."""
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
