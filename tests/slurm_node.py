"""A Slurm cluster of this one machine, with two pretended GPUs, of munged, slurmctld and slurmd started as root."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

CLIENTS = ("sbatch", "srun", "squeue", "scancel", "sinfo", "scontrol")
# The GPUs are devices that every machine has. Jobs share this machine's processors whatever their number; without
# accounts and cgroups, memory is counted but not enforced. Timeouts are those of a machine that does much besides.
CONFIG = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MinJobAge=3600
KillWait=10
MessageTimeout=100
TCPTimeout=60
BatchStartTimeout=300
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000 Gres=gpu:pretended:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=60 State=UP
"""
GPUS = """NodeName={host} Name=gpu Type=pretended File=/dev/null
NodeName={host} Name=gpu Type=pretended File=/dev/zero
"""


# There are no accounts here: jobs' states come from the controller, which forgets none for an hour (MinJobAge).
SACCT = """#!/bin/sh
for name; do :; done  # the last word
case "$*" in
*--name*) exec {folder}/bin/squeue --format='%i|%T' --states=all --noheader --name "$name" ;;
esac
echo "no accounts" >&2
exit 1
"""


def missing() -> str:
    """Why no cluster can be started here, or an empty string."""
    if os.geteuid() != 0:
        return "a Slurm cluster is started by root"
    absent = [
        name
        for name in ("munged", "slurmctld", "slurmd", *CLIENTS)
        if not shutil.which(name)
    ]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: slurm-wlm, munge)"
    return (
        ""
        if find_spec("snakemake_executor_plugin_slurm")
        else "not installed: snakemake-executor-plugin-slurm"
    )


@contextmanager
def slurm_node(folder: Path) -> Iterator[dict[str, str]]:
    """Start the cluster; give the environment for its clients; at the end stop every process that it left."""
    config = _configure(folder)
    environment = os.environ | {
        "SLURM_CONF": str(config),
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
    }
    munge = [
        f"--{name}={folder}/munge.{name}"
        for name in ("socket", "seed-file", "pid-file", "log-file", "key-file")
    ]
    try:
        subprocess.run(["munged", "--force", *munge], check=True)
        for daemon in ("slurmctld", "slurmd"):
            subprocess.run([daemon, "-c"], env=environment, check=True)
        words = ("sinfo", "-h", "-o", "%t")
        _until(lambda: _answers(environment, *words, answer="idle"), "no idle node")
        yield environment
    finally:
        _stop(folder, config)


def restart_controller(folder: Path, environment: dict[str, str]) -> None:
    """End the controller as a system's `restart` does, and start it again; the jobs run meanwhile.

    The new one refuses GPUs until the node has registered with it: that is waited for.
    """
    pid = int((folder / "slurmctld.pid").read_text())
    os.kill(pid, signal.SIGTERM)  # killed, it would forget what it has not saved yet
    _until(lambda: not alive(pid), "the controller does not end")
    subprocess.run(["slurmctld"], env=environment, check=True)
    words = ("sbatch", "--test-only", "--gpus=1", "--wrap", "true")
    _until(lambda: _answers(environment, *words), "the new controller has no GPUs")


def _answers(environment: dict[str, str], *words: str, answer: str = "") -> bool:
    """Whether a client ends well, and says so where there is something to say."""
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    return done.returncode == 0 and answer in done.stdout


def _configure(folder: Path) -> Path:
    host = socket.gethostname().split(".")[0]
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key-file"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    controller_port, node_port = _free_ports()
    config = folder / "slurm.conf"
    config.write_text(
        CONFIG.format(
            host=host,
            folder=folder,
            controller_port=controller_port,
            node_port=node_port,
        )
    )
    (folder / "gres.conf").write_text(GPUS.format(host=host))
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    for name in CLIENTS:  # within a job the plugin forgets SLURM_CONF
        client = folder / "bin" / name
        client.write_text(
            f'#!/bin/sh\nexport SLURM_CONF={config}\nexec {shutil.which(name)} "$@"\n'
        )
        client.chmod(0o755)
    sacct = folder / "bin/sacct"
    sacct.write_text(SACCT.format(folder=folder))
    sacct.chmod(0o755)
    return config


def _free_ports() -> list[int]:
    """Two ports that nothing listens on, below those that the system gives to whoever asks for any."""
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            _bind(each)
        return [each.getsockname()[1] for each in (first, second)]


def _bind(each: socket.socket) -> None:
    for port in random.sample(range(10000, 30000), 100):
        with suppress(OSError):
            return each.bind(("127.0.0.1", port))
    raise RuntimeError("no free port")


def _until(happened: Callable[[], bool], otherwise: str) -> None:
    for _ in range(600):
        if happened():
            return
        time.sleep(0.2)
    raise RuntimeError(otherwise)


def _stop(folder: Path, config: Path) -> None:
    """Kill what carries this cluster's SLURM_CONF: the daemons, and jobs that outlived them; then munged."""
    while marked := _marked(f"SLURM_CONF={config}"):
        for pid in marked:
            _kill(pid)
        time.sleep(0.2)
    if (folder / "munge.pid-file").exists():
        _kill(int((folder / "munge.pid-file").read_text()))


def _marked(mark: str) -> list[int]:
    """Ids of the processes whose environment has `mark` among its words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            words = (folder / "environ").read_bytes().split(b"\0")
            if mark.encode() in words and alive(int(folder.name)):
                found.append(int(folder.name))
    return found


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rsplit(")", 1)[1].split()[0] != "Z"
    return False


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
