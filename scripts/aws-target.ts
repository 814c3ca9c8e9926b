import { Option } from 'commander';
import { ExplainedError } from '../local/cli/command-line.ts';
import { readConnection } from '../local/connection.ts';

/** What an SDK client needs to reach the embedded AWS; nothing of it for the AWS of the environment. */
export interface AwsTarget {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Of the options that say which deployment a script is about, the one for the embedded AWS; `true` is the usual folder. */
export function localOption(): Option {
  return new Option(
    '--local [folder]',
    'the Outpost that npm start serves from this data folder (.outpost if none is named), instead of the AWS of the environment',
  );
}

/**
 * Does something with a deployment, and says in words what is missing where it cannot be reached at all.
 * @param local the data folder of an embedded AWS; `true` is the usual one
 */
export async function reaching<Result>(
  local: string | true | undefined,
  act: (target: AwsTarget) => Promise<Result>,
): Promise<Result> {
  const target = awsTarget(local);
  try {
    return await act(target);
  } catch (cause) {
    const words = cause instanceof Error ? whyUnreachable(cause, target) : undefined;
    if (words === undefined) throw cause;
    throw new ExplainedError(words, { cause });
  }
}

const SAY_LOCAL = 'Set it for the AWS account that is meant, or say --local for the Outpost that npm start serves.';

function whyUnreachable(error: Error, { endpoint }: AwsTarget): string | undefined {
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') {
    return `nobody answers at ${endpoint ?? 'the endpoint of the environment'}: start Outpost first, with npm start`;
  }
  if (error.message === 'Region is missing') return `AWS_REGION is not set. ${SAY_LOCAL}`;
  if (error.name === 'CredentialsProviderError') return `there are no AWS credentials here. ${SAY_LOCAL}`;
  return undefined;
}

/** @throws ExplainedError where nothing serves from the folder */
function awsTarget(local: string | true | undefined): AwsTarget {
  // The SDK's advice to update Node is not for who runs a script.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  if (local === undefined) return {};
  try {
    const { endpoint, region, ...credentials } = readConnection(local === true ? '.outpost' : local).aws;
    return { endpoint, region, credentials };
  } catch (cause) {
    throw new ExplainedError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
