import type { AgentName } from '../../core/agents.ts';

/** Whose secrets an attempt is given. */
export interface SecretRequest {
  readonly tenantId: string;
  readonly agent: AgentName;
  /** Secrets that the dispatch asks for by name, beside its agent's own keys. */
  readonly names: readonly string[];
}

/**
 * Where an attempt's secrets come from; asked once, behind the start fence. A message of its errors is for the tenant: it
 * names what is missing, and holds no value.
 */
export interface SecretSource {
  /**
   * The variables to put into the agent's environment: the keys that its agent takes, the tenant's own before the
   * platform's, where there are any; and those of `names`, which are the tenant's own alone. Throws where one of `names` is
   * not there.
   */
  values(request: SecretRequest): Promise<Readonly<Record<string, string>>>;
  /** What to tell of an agent that takes keys and is given none; nothing of any other. A gateway may want none. */
  lackOf(request: SecretRequest, values: Readonly<Record<string, string>>): string | undefined;
  /**
   * The token to clone repositories of GitHub with (`GITHUB_PAT`), the tenant's own before the platform's, where there is
   * one. The agent gets it only where its dispatch asks for it by name.
   */
  repositoryToken(request: Pick<SecretRequest, 'tenantId'>): Promise<string | undefined>;
}
