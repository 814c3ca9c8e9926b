import { cloneUrl } from '../../core/repository.ts';
import type { BegunAttempt } from '../attempt/begun-attempt.ts';
import type { RepositoryToken } from '../repository/clone.ts';
import { Redaction } from './redaction.ts';

/** What an attempt is given that nobody else is to see. */
export interface AttemptSecrets {
  /** For the agent's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly repositoryToken?: RepositoryToken;
  /** What to tell of an agent that was given no key. */
  readonly lack?: string | undefined;
  /** Of all of them. */
  readonly redaction: Redaction;
}

export const NO_SECRETS: AttemptSecrets = { environment: {}, redaction: new Redaction({}) };

/** Asks for the secrets of an attempt; from then on the worker's log does not show them. Throws what the source throws. */
export async function askForSecrets(begun: BegunAttempt): Promise<AttemptSecrets> {
  const { secrets, spec, log } = begun;
  const { tenantId, agent } = spec;
  const host = tokenHost(begun);
  const request = { tenantId, agent, names: spec.additionalSecrets ?? [] };
  const [environment, token] = await Promise.all([
    secrets.values(request),
    host === undefined ? undefined : secrets.repositoryToken({ tenantId }),
  ]);
  const redaction = new Redaction({ ...(token === undefined ? {} : { GITHUB_PAT: token }), ...environment });
  log.hide(redaction);
  if (redaction.tooShort.length > 0) {
    log.say(`Of fewer than 6 bytes, and so shown where they are printed: ${redaction.tooShort.join(', ')}.`);
  }
  const lack = secrets.lackOf(request, environment);
  if (lack !== undefined) log.say(lack);
  const forClone = host === undefined || token === undefined ? {} : { repositoryToken: { host, token } };
  return { environment, lack, redaction, ...forClone };
}

/** The host that the token for repositories is for, where the dispatch has a repository there. */
function tokenHost({ spec: { repo }, githubUrl }: BegunAttempt): string | undefined {
  const { host } = new URL(githubUrl);
  return repo !== undefined && new URL(cloneUrl(repo, githubUrl)).host === host ? host : undefined;
}
