const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The PATH that whatever the worker starts finds its programs by. */
export function programPath(): string {
  return process.env['PATH'] || DEFAULT_PATH;
}
