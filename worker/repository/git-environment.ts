import { hostMarker } from '../agent/agent-environment.ts';
import { programPath } from '../program-path.ts';

/** Settings that take from git every way to run another program, for a repository that is not to be trusted. */
export const SAFE_SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['credential.helper', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
  ['advice.addEmbeddedRepo', 'false'],
];

/**
 * The environment of every git that the worker starts, made from nothing: no settings of the machine or of a user, no
 * questions, no pager, and no protocol beyond those given.
 */
export function gitEnvironment(home: string, protocols: readonly string[] = []): Record<string, string> {
  return {
    PATH: programPath(),
    HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_PAGER: 'cat',
    // Empty it would be taken for unset, and unset for git's own choice.
    GIT_ALLOW_PROTOCOL: protocols.length > 0 ? protocols.join(':') : 'none',
    ...hostMarker(),
  };
}
