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

/** @throws ExplainedError where nothing serves from the folder */
export function awsTarget(local: string | true | undefined): AwsTarget {
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
