"""Run a command where the network ends at this machine's loopback, for it and all that it starts.

`python tests/offline.py COMMAND …` gives the command a network namespace of its own, in which nothing but a fresh
loopback is up: no process, C library or browser below it reaches anything else, however it tries. A container may not
have the right to that, and no installation gives it: it is said, and the command is run all the same.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def leave_the_network() -> None:
    """Give this process a network namespace of its own, and bring its loopback up.

    Raises
    ------
    OSError
        If this machine does not allow that.
    """
    user, group = os.getuid(), os.getgid()
    # Only root may do without a user namespace; in one, everybody stays who they are.
    _unshare(CLONE_NEWNET if user == 0 else CLONE_NEWNET | CLONE_NEWUSER)
    if user != 0:
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(line)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def _unshare(flags: int) -> None:
    """Call unshare(2), which Python has from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(command: list[str]) -> None:
    """Become a command that has no network but this machine's loopback."""
    try:
        leave_the_network()
    except OSError as error:
        told = f"no network namespace here ({error.strerror}), so what this starts might reach the network"
        print(f"NOT OFFLINE: {told}.", file=sys.stderr, flush=True)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
