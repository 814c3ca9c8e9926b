import type { SecretRequest, SecretSource } from '../../worker/secrets/secret-source.ts';

const PROGRAM = { file: process.execPath, args: ['--version'] };
/** What runs where the content of the workspace does not matter. */
export const NO_PROGRAMS = { pack: PROGRAM, checkpoint: PROGRAM, patch: PROGRAM, context: PROGRAM, workspace: PROGRAM };

/** The part of a bucket that runs without checkpoints have no use for. */
export const NO_CHECKPOINTS = {
  putObject: () => Promise.reject(new Error('There was to be no checkpoint.')),
  removeObject: () => Promise.reject(new Error('There was to be no checkpoint.')),
  hasManifest: () => Promise.reject(new Error('There was to be no checkpoint.')),
};

export interface SecretsInTest extends SecretSource {
  /** What was asked for, in order. */
  readonly asked: (SecretRequest | 'repository token')[];
}

/** A source that gives every agent these values, whatever it asks for. */
export function secretsInTest(values: Readonly<Record<string, string>> = {}, token?: string): SecretsInTest {
  const asked: SecretsInTest['asked'] = [];
  return {
    asked,
    values: async (request) => {
      asked.push(request);
      return values;
    },
    lackOf: () => undefined,
    repositoryToken: async () => {
      asked.push('repository token');
      return token;
    },
  };
}
