import type { Container } from './container.ts';
import { pathOf } from './required-tools.ts';

/** Docker's own choice for root in a container, and what Fargate gives: nothing of the machine can be changed by them. */
const CAPABILITIES = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** What Docker hides of the machine, and what it lets nobody write to. */
const MASKED = ['acpi', 'kcore', 'keys', 'latency_stats', 'timer_list', 'sched_debug', 'scsi'];
const READ_ONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'];

const INIT = '/sbin/docker-init';
const PRIVATE = ['nosuid', 'noexec', 'nodev'];

/**
 * A container as the OCI's runtime specification describes one, made as Docker makes it with an init of its own
 * (`initProcessEnabled`), but in the machine's network and without limits of CPU and memory.
 */
export function containerSpec({ image, command = image.command, env = [], uid, folders = [] }: Container): object {
  const held = uid === undefined ? CAPABILITIES : [];
  return {
    ociVersion: '1.0.2',
    hostname: 'worker',
    root: { path: 'root' },
    process: {
      user: { uid: uid ?? 0, gid: uid ?? 0 },
      args: [INIT, '--', ...command],
      env: [...image.env, 'HOME=/root', ...env],
      cwd: image.directory,
      capabilities: { bounding: CAPABILITIES, effective: held, permitted: held },
    },
    mounts: [...SYSTEM_MOUNTS, ...boundFiles(), ...folders.map((folder) => bind(folder, folder, 'rw'))],
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })),
      maskedPaths: [...MASKED.map((name) => `/proc/${name}`), '/sys/firmware'],
      readonlyPaths: READ_ONLY.map((name) => `/proc/${name}`),
    },
  };
}

const SYSTEM_MOUNTS = [
  { destination: '/proc', type: 'proc', source: 'proc', options: PRIVATE },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=64m'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...PRIVATE, 'mode=1777', 'size=64m'] },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: PRIVATE },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...PRIVATE, 'ro'] },
];

function boundFiles() {
  const init = pathOf('tini-static');
  if (init === undefined) throw new Error('tini-static cannot be found.');
  return [
    bind(init, INIT, 'ro'),
    bind('/etc/resolv.conf', '/etc/resolv.conf', 'ro'),
    bind('/etc/hosts', '/etc/hosts', 'ro'),
  ];
}

function bind(source: string, destination: string, mode: 'ro' | 'rw') {
  return { destination, type: 'bind', source, options: ['rbind', mode] };
}
