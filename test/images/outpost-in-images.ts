import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { EmbeddedAwsOptions } from '../../local/embedded-aws.ts';
import { bootOutpost } from '../../local/outpost.ts';
import { WRITTEN } from '../agents/agent-in-test.ts';
import { AGENTS_TO_TEST } from '../agents/agents-to-test.ts';
import { deploymentFor, type GivenToAgents } from '../agents/deployment-for.ts';
import { type StubModel, startStubModel } from '../agents/stub-model/stub-model.ts';
import { type Answer, caller, eventually } from '../e2e/harness.ts';
import { type GitServer, makeRepository, serveGit } from '../worker/git-in-test.ts';
import { BUILT_IMAGES, readBuiltAssembly } from './built-image.ts';

/** Where each agent has an image. */
export const WITH_A_MODEL = Object.values(AGENTS_TO_TEST).filter(({ name }) =>
  readBuiltAssembly().images.some(({ agent }) => agent === name),
);

const WITHIN_MS = 100_000;

/** Outpost on the embedded AWS, whose ECS tasks run in the built images. */
export interface OutpostInImages {
  readonly model: StubModel;
  /** Holds `acme/demo`. */
  readonly git: GitServer;
  /** Submits a dispatch and answers its id. */
  post(dispatch: object): Promise<string>;
  /** The dispatch's view, once `until` holds for it. */
  when(id: string, until: (view: Answer['body']) => boolean): Promise<Answer['body']>;
  /** The dispatch's view with its log, once it has ended. */
  ended(id: string): Promise<Answer['body']>;
  /** What the agent has printed, and the worker. */
  logOf(id: string): Promise<string>;
  /** Paths of the files that it has left in S3. */
  filesOf(id: string): Promise<string[]>;
  cancel(id: string): Promise<void>;
  /** Waits until a slot of the agent is warm. */
  warm(agent: string): Promise<void>;
  close(): Promise<void>;
}

export async function bootInImages(): Promise<OutpostInImages> {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-images-'));
  const model = await startStubModel({ path: WRITTEN.name, content: WRITTEN.content });
  makeRepository(join(folder, 'remotes/acme/demo.git'), { 'README.md': '# Demo\n' });
  const git = await serveGit(join(folder, 'remotes'));
  const { secrets, agentEnv } = deploymentFor(WITH_A_MODEL, model.url);
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(secrets), { mode: 0o600 });
  const outpost = await bootOutpost({
    data: folder,
    port: 0,
    assembly: assemblyFor({ agentEnv, githubUrl: git.url }),
    imageOf,
    log: () => {},
  });
  const call = caller(outpost.connection);
  const view = async (id: string) => (await call('GET', `/dispatch/${id}?logs=1000`)).body.data;
  const when: OutpostInImages['when'] = (id, until) => eventually(() => view(id), until, WITHIN_MS);
  return {
    model,
    git,
    when,
    post: async (dispatch) => {
      const { status, body } = await call('POST', '/dispatch', { timeoutSeconds: 90, ...dispatch });
      if (status !== 202) throw new Error(`POST /dispatch answered ${status}: ${JSON.stringify(body)}`);
      return body.data.dispatchId;
    },
    ended: (id) => when(id, ({ endedAt }) => endedAt !== undefined),
    logOf: async (id) => (await view(id)).logs.lines.map(({ message }: { message: string }) => message).join('\n'),
    filesOf: async (id) =>
      (await call('GET', `/artifacts/${id}`)).body.data.files.map(({ path }: { path: string }) => path),
    cancel: async (id) => void (await call('DELETE', `/dispatch/${id}`)),
    warm: async (agent) => {
      const fleet = async () => (await call('GET', '/health/fleet')).body.data.agents;
      const isWarm = (agents: Answer['body']) =>
        agents.some((one: Answer['body']) => one.agent === agent && one.slots.warm > 0);
      await eventually(fleet, isWarm, WITHIN_MS);
    },
    close: async () => {
      await outpost.close();
      await git.close();
      await model.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An ECS task's process is a container of the image that was built from this very asset. */
const imageOf: EmbeddedAwsOptions['imageOf'] = ({ directory }) => ({
  command: [
    process.execPath,
    ...['--import', import.meta.resolve('tsx')],
    join(import.meta.dirname, 'launch-container.ts'),
    ...[process.env[BUILT_IMAGES] ?? '', basename(directory)],
  ],
  directory,
  env: {},
});

/** The assembly that the images are of, with what a synthesis would have put into the containers' variables. */
function assemblyFor({
  agentEnv,
  githubUrl,
}: Pick<GivenToAgents, 'agentEnv'> & { readonly githubUrl: string }): string {
  const { assembly } = readBuiltAssembly();
  const [name = ''] = readdirSync(assembly).filter((file) => file.endsWith('.template.json'));
  const template = JSON.parse(readFileSync(join(assembly, name), 'utf8'));
  for (const { Type, Properties } of Object.values<Answer['body']>(template.Resources)) {
    if (Type !== 'AWS::ECS::TaskDefinition') continue;
    const variables: { Name: string; Value: string }[] = Properties.ContainerDefinitions[0].Environment;
    const agent = variables.find(({ Name }) => Name === 'AGENT')?.Value ?? '';
    const given: Record<string, string> = { GITHUB_URL: githubUrl, AGENT_ENV: JSON.stringify(agentEnv[agent] ?? {}) };
    for (const variable of variables) variable.Value = given[variable.Name] ?? variable.Value;
  }
  writeFileSync(join(assembly, name), JSON.stringify(template));
  return assembly;
}
