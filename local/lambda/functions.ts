import { AwsError } from '../gateway/aws-error.ts';
import type { DeployedFunction } from './deployed-function.ts';

/** The functions of the template, found by whatever Lambda's API calls a function by. */
export class Functions {
  private readonly byName = new Map<string, DeployedFunction>();

  constructor(
    private readonly region: string,
    private readonly accountId: string,
  ) {}

  add(deployed: DeployedFunction): void {
    const { name } = deployed.configuration;
    if (this.byName.has(name)) throw new Error(`FunctionName: ${name} is there twice`);
    this.byName.set(name, deployed);
  }

  all(): DeployedFunction[] {
    return [...this.byName.values()];
  }

  known(name: string): DeployedFunction | undefined {
    return this.byName.get(name);
  }

  /** The ARN of a function that is given by name, partial ARN or ARN. */
  readonly arnOf = (identifier: string): string =>
    `arn:aws:lambda:${this.region}:${this.accountId}:function:${functionName(identifier)}`;

  /**
   * Throws `ResourceNotFoundException` for a function that is not there, and for any version but `$LATEST`.
   *
   * @param identifier a name, a partial ARN or an ARN, with or without a qualifier
   */
  find(identifier: string, qualifier = /function:[^:]+:(.+)$/.exec(identifier)?.[1]): DeployedFunction {
    const found = this.byName.get(functionName(identifier));
    if (found && (qualifier === undefined || qualifier === '$LATEST')) return found;
    const arn = `${this.arnOf(identifier)}${qualifier === undefined ? '' : `:${qualifier}`}`;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, {
      status: 404,
      fields: { Type: 'User' },
    });
  }
}

function functionName(identifier: string): string {
  return identifier.replace(/^.*:?function:/, '').replace(/:.*$/, '');
}
