import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentUser } from '../../worker/agent/agent-user.ts';
import { openTenantFolder } from '../../worker/persistent/tenant-folders.ts';
import { type GitServer, makeRepository, serveGit } from './git-in-test.ts';
import {
  anotherUid,
  anyoneLives,
  asUser,
  CANARIES,
  CANARY,
  hostileEnvironment,
  linesOf,
  tryRoute,
} from './hostile-rig.ts';
import { openWorker, until, type WorkerInTest } from './worker-in-test.ts';

/** Descriptors that whoever started this very process left open for all below it: Node opens none such. */
function handedDown(): string[] {
  const own = readdirSync('/proc/self/fdinfo').filter((fd) => existsSync(`/proc/self/fd/${fd}`));
  const closesOnExec = (fd: string) => Boolean(Number.parseInt(flagsOf(fd), 8) & 0o2000000);
  return own.filter((fd) => Number(fd) > 2 && !closesOnExec(fd));
}

function flagsOf(fd: string): string {
  return /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
}

/** Where there is one that other users may run: it reaches what no program of the shell does. */
const PYTHON = '/usr/bin/python3';

/** As in the container, where the worker is root: only then has the agent a user of its own. */
describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('a hostile agent', () => {
  let worker: WorkerInTest;
  let github: GitServer;

  beforeAll(async () => {
    worker = await openWorker();
    worker.keepSecrets({ '/outpost/system/GITHUB_PAT': CANARIES.token, '/outpost/users/b/KEY': CANARIES.secrets });
    makeRepository(join(worker.folder, 'remotes', 'acme', 'rocket.git'), { 'README.md': '# Rocket\n' });
    github = await serveGit(join(worker.folder, 'remotes'), { login: `x-access-token:${CANARIES.token}` });
  });
  afterAll(async () => {
    await github.close();
    await worker.close();
  });

  const withRepository = () => ({ spec: { repo: 'acme/rocket' }, environment: { GITHUB_URL: github.url } });

  it('does not see the environment of its runner', async () => {
    const probe = `
      tr '\\0' '\\n' < /proc/$1/environ | grep -a '${CANARY}'
      cat /proc/$1/task/*/environ | tr '\\0' '\\n' | grep -a '${CANARY}'
      ps eww -p "$1" | grep -ao '${CANARY}'`;

    const { byAgent, byRoot } = await tryRoute(worker, { probe });

    expect(byRoot).toContain(`WORKER_CANARY=${CANARIES.environment}`);
    expect(byAgent).toEqual([]);
  });

  it('finds nothing in /proc of its runner or of anybody else', async () => {
    const probe = `
      for name in environ maps smaps numa_maps auxv io stack syscall pagemap personality mountstats; do
        head -c 1 "/proc/$1/$name" > /dev/null && echo "READ $name"
      done
      for name in cwd root exe ns/pid ns/mnt; do readlink "/proc/$1/$name" > /dev/null && echo "FOLLOWED $name"; done
      for name in fd fdinfo map_files; do [ -n "$(ls "/proc/$1/$name")" ] && echo "LISTED $name"; done
      grep -alsE '${CANARY}' /proc/[0-9]*/{cmdline,environ,comm,status,cgroup,mountinfo,limits} | sed 's,.*/,HELD ,'`;

    const { byAgent, byRoot } = await tryRoute(worker, { probe, options: withRepository() });

    expect(byRoot).toEqual(
      expect.arrayContaining(['READ environ', 'READ maps', 'FOLLOWED cwd', 'LISTED fd', 'HELD environ']),
    );
    expect(byAgent).toEqual([]);
  });

  it('gets at no file of its runner: log, secrets, private folder, git directory', async () => {
    const probe = `
      [ -n "$(ls "$2")" ] && echo LISTED
      for file in "$2/output.log" "$3/secrets.json" "$3/secret"; do [ -n "$(head -c 1 "$file")" ] && echo "READ \${file##*/}"; done
      for file in "$2/new" "$2/origin/new" "$2/origin/objects/new" "$2/agent/../new"; do
        if touch "$file"; then rm "$file"; echo "MADE \${file##*/}"; fi
      done
      for file in config HEAD; do (: >> "$2/origin/$file") && echo "OPENED $file"; done
      mv "$2/origin" "$2/mine" && mv "$2/mine" "$2/origin" && echo MOVED
      grep -rlsE '${CANARY}' "$2" "$PWD" "$3/secrets.json" | sed 's,.*/,HELD ,'`;

    const prepare = 'echo something for the log';
    const given = () => worker.folder;
    const { byAgent, byRoot } = await tryRoute(worker, { prepare, probe, given, options: withRepository() });

    expect(byRoot).toEqual(
      expect.arrayContaining(['LISTED', 'READ output.log', 'READ secrets.json', 'OPENED config', 'MOVED']),
    );
    expect(byRoot).toContain('HELD secrets.json');
    expect(byAgent).toEqual([]);
  });

  it('inherits no descriptor of its runner, such as the pipe of the token', async () => {
    // Of a bash of its own: the one that runs the task keeps some aside.
    const probe = `bash -c 'ls /proc/$$/fd; :' | grep -vxE '${[0, 1, 2, ...handedDown()].join('|')}'`;
    const inherited = openSync('/dev/null', 'r');

    const { byAgent } = await tryRoute(worker, { probe, options: withRepository() });

    const control = spawn('bash', ['-c', probe], { stdio: ['ignore', 'pipe', 'ignore', inherited] });
    let seen = '';
    for await (const chunk of control.stdout ?? []) seen += String(chunk);
    expect(linesOf(seen)).toEqual(['3']);
    expect(byAgent).toEqual([]);
  });

  it.runIf(existsSync(PYTHON))('reads no memory of its runner, by no call and at no address', async () => {
    const program = `
import ctypes, os, sys
pid, at = int(sys.argv[1]), int(sys.argv[2], 16)
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(64)
class Span(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
here, there = Span(ctypes.addressof(buffer), 64), Span(at, 64)
if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) == 64: print('process_vm_readv')
try:
    os.pread(os.open('/proc/%d/mem' % pid, os.O_RDONLY), 64, at)
    print('mem')
except OSError: pass
ATTACH, DETACH = 16, 17
if libc.ptrace(ATTACH, pid, None, None) == 0:
    os.waitpid(pid, 0x40000000)
    libc.ptrace(DETACH, pid, None, None)
    print('ptrace')
`;
    const probe = `${PYTHON} -c "$(base64 -d <<< ${Buffer.from(program).toString('base64')})" "$1" "$3"`;
    const given = (run: { process: ChildProcess }) => {
      const maps = readFileSync(`/proc/${run.process.pid}/maps`, 'utf8');
      return /^([0-9a-f]+)-[0-9a-f]+ rw-p/m.exec(maps)?.[1] ?? '';
    };

    const { byAgent, byRoot, exitCode } = await tryRoute(worker, { probe, given });

    expect(byRoot).toEqual(['process_vm_readv', 'mem', 'ptrace']);
    expect(byAgent).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it('leaves no core dump, and may not allow itself any', async () => {
    const probe = `
      (ulimit -c unlimited) && echo RAISED
      (ulimit -H -c 1) && echo RAISED
      (kill -SEGV $BASHPID); ls | grep -i core
      grep '^Max core file size' "/proc/$3/limits" | grep -v ' 0  *0 '`;
    const own = `Max core file size        ${/^Max core file size +(.*)$/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]}`;

    const { byAgent, byRoot, run } = await tryRoute(worker, { probe, given: ({ process }) => String(process.pid) });

    expect(byRoot).toContain('RAISED');
    expect(own).not.toMatch(/ 0 +0 /);
    expect(byAgent).toEqual([]);
    expect((await run.manifest()).files.filter(({ path }) => /core/.test(path))).toEqual([]);
  });

  it('has no way to the credentials endpoint: neither in its environment nor in anything it can read', async () => {
    const probe = `
      { env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'; cat "$2"/* "$HOME"/.* "$TMPDIR"/*; } |
        grep -aoE '(AWS|ECS)_[A-Z_0-9]*=|${CANARY}' | sort -u`;

    const { byAgent, byRoot } = await tryRoute(worker, {
      probe,
      options: { ...withRepository(), container: CANARIES.metadata },
    });

    expect(byRoot).toEqual(
      expect.arrayContaining([
        'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=',
        'AWS_CONTAINER_CREDENTIALS_FULL_URI=',
        'AWS_SECRET_ACCESS_KEY=',
        'ECS_CONTAINER_METADATA_URI_V4=',
        CANARIES.credentials,
        CANARIES.metadata,
      ]),
    );
    expect(byAgent).toEqual([]);
  });

  it("cannot enter another tenant's workspace, not by the /proc of who works there either", async () => {
    const tenant = anotherUid();
    const users = join(worker.folder, 'users');
    const theirs = join(users, 'other');
    await openTenantFolder(worker.folder, 'other', agentUser(tenant));
    writeFileSync(join(theirs, 'notes'), CANARIES.tenant, { mode: 0o644 });
    chownSync(join(theirs, 'notes'), tenant, tenant);
    const there = spawn('sleep', ['300'], { cwd: theirs, uid: tenant, gid: tenant, stdio: 'ignore' });
    const probe = `
      set -- "\${3% *}" "\${3#* }"
      [ -n "$(ls "$1")" ] && echo LISTED
      [ -n "$(ls "$1/other")" ] && echo ENTERED
      grep -ohsE '${CANARY}' "$1/other/notes" "/proc/$2/cwd/notes" "/proc/$2/root$1/other/notes"
      ln "$1/other/notes" mine && echo LINKED
      touch "$1/other/new" && echo MADE`;
    try {
      const { byAgent, byRoot } = await tryRoute(worker, { probe, given: () => `${users} ${there.pid}` });

      expect(byRoot).toEqual(['LISTED', 'ENTERED', ...Array(3).fill(CANARIES.tenant), 'LINKED', 'MADE']);
      expect(byAgent).toEqual([]);
      expect(asUser(tenant, theirs, 'cat notes')).toBe(CANARIES.tenant);
    } finally {
      there.kill('SIGKILL');
    }
  });

  it('gains nothing by a setuid bit, which is not saved either, and cannot choose who dies first', async () => {
    const probe = `
      own="own-$(id -u)"; cp /usr/bin/id "$own"; chmod 6755 "$own"; [ "$("./$own" -u)" = 0 ] && echo ROOT
      chown 0 "$own" && echo GAVE
      for pid in $1 1; do cat /proc/$pid/oom_score_adj > /proc/$pid/oom_score_adj && echo "CHOSE $pid"; done
      (echo -1000 > /proc/self/oom_score_adj) && echo SPARED
      for file in fs/suid_dumpable kernel/core_pattern; do [ -w "/proc/sys/$file" ] && echo "SET $file"; done
      kill -0 "$1" && echo SIGNALLED
      renice -n -5 -p "$1" > /dev/null && echo RENICED`;

    const { byAgent, byRoot, run } = await tryRoute(worker, { probe });

    expect(byRoot).toEqual(expect.arrayContaining(['ROOT', 'GAVE', 'SIGNALLED', 'RENICED']));
    expect(byAgent).toEqual([]);
    const input = await run.object('workspace.tar.gz');
    const listed = execFileSync('tar', ['tvzf', '-'], { input, encoding: 'utf8' });
    expect(linesOf(listed).filter((line) => / own-[1-9]/.test(line))).toEqual([expect.stringMatching(/^-rwxr-xr-x /)]);
  });

  const RABBIT = `$SIG{TERM} = $SIG{HUP} = "IGNORE"; while (1) { exit if fork; POSIX::setsid(); open F, ">>beat"; print F "x"; close F }`;
  const HYDRA = `sub grow { my $p = fork; return if $p; while (1) { my $q = fork; if (!$q) { setpgrp; next if rand() < 0.5; select undef, undef, undef, 0.02; exit } select undef, undef, undef, 0.01; waitpid $q, 0 } } grow() for 1 .. 8; wait`;

  it.each([
    { case: 'has a session of its own', way: 'setsid sleep 300 &' },
    { case: 'has lost its parents', way: '( (sleep 300 &) & )' },
    {
      case: 'is a daemon that ignores TERM and HUP, without environment or output',
      way: `(cd / && env -i setsid bash -c 'trap "" TERM HUP INT; while :; do sleep 1; done' < /dev/null > /dev/null 2>&1 &)`,
    },
    { case: 'holds the output open', way: 'sleep 300 & disown' },
    { case: 'is stopped', way: 'sleep 300 & kill -STOP $!' },
    {
      case: 'has another pid at every look',
      way: `(setsid perl -MPOSIX -e '${RABBIT}' < /dev/null > /dev/null 2>&1 &); until [ -s beat ]; do sleep 0.02; done`,
    },
    { case: 'grows again where it is cut', way: `(setsid perl -e '${HYDRA}' < /dev/null > /dev/null 2>&1 &)` },
  ])('is outlived by no process that $case', async ({ way }) => {
    const uid = anotherUid();
    const run = await worker.run(`set +eu\n${way}\ntouch free\nuntil [ -e go ]; do sleep 0.02; done\nkill -9 $$`, {
      environment: hostileEnvironment(uid),
    });
    await until(() => existsSync(join(run.workspace, 'free')));
    const before = anyoneLives(uid);
    const began = Date.now();

    writeFileSync(join(run.workspace, 'go'), '');
    const { exitCode } = await run.ended;

    expect({ before, exitCode, after: anyoneLives(uid) }).toEqual({ before: true, exitCode: 137, after: false });
    expect(await run.objects()).toContain('manifest.json');
    expect(Date.now() - began).toBeLessThan(45_000);
  });

  it('leaves nothing behind in its home for the agent of the next warm slot', async () => {
    const environment = { ...hostileEnvironment(anotherUid()), TMPDIR: join(worker.folder, 'tmp') };
    const look = `
      set +eu
      git config --get alias.evil
      grep -s evil "$HOME"/.* "$TMPDIR"/*
      bash -ic 'echo "$EVIL"' 2> /dev/null
      env | grep -E '^(LD_|BASH_ENV|ENV=|NODE_OPTIONS)'`;
    const plant = `
      git config --global alias.evil '!id'
      for file in .bashrc .profile .bash_profile .npmrc; do echo 'export EVIL=evil' > "$HOME/$file"; done
      echo evil > "$TMPDIR/file"; export LD_PRELOAD=evil.so BASH_ENV="$HOME/.bashrc"`;
    const serve = async (task: string) => {
      const slot = await worker.wait(task, { environment });
      await slot.is('WARM');
      await slot.claim();
      await slot.assign();
      const { stdout, exitCode } = await slot.ended;
      expect(exitCode).toBe(0);
      return linesOf(stdout).filter((line) => /evil/.test(line));
    };

    const first = await serve(`${plant}\n${look}\ntrue`);
    const second = await serve(`${look}\ntrue`);

    expect(first.length).toBeGreaterThanOrEqual(5);
    expect(second).toEqual([]);
  });
});
