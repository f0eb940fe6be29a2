"""First program in every sandbox: lower the limits, give up all privileges, become the real program.

Arguments: a JSON object of limits, then the command. Runs before any foreign code and imports nothing
    foreign.
"""

import json
import os
import resource
import sys


def main() -> None:
    limits = json.loads(sys.argv[1])
    for name in ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_CORE"):
        if name in limits:
            resource.setrlimit(getattr(resource, name), (limits[name], limits[name]))
    uid = limits.get("uid")
    if uid is not None:  # started by root without a user namespace: this run's own, otherwise unused, user
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        if os.getresuid() != (uid, uid, uid):
            raise SystemExit("could not give up root")
    # after the change of user, because the limit is counted per user
    resource.setrlimit(resource.RLIMIT_NPROC, (limits["RLIMIT_NPROC"], limits["RLIMIT_NPROC"]))
    os.nice(limits["nice"])
    os.umask(0o077)
    os.execv(sys.argv[2], sys.argv[2:])


main()
