import { z } from 'zod';
import type { AwsRequest, LocalAws, ResourceValues, TemplateResource } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { requestContext } from '../iam/request-context.ts';
import { type ResourcePolicy, readResourcePolicy } from '../iam/resource-policy.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import { SOURCE_ARN_HEADER, servicePrincipalOf } from '../service-principal.ts';

const QueuePolicyProperties = z.strictObject({ PolicyDocument: z.unknown(), Queues: z.array(z.string()).min(1) });

/**
 * The resource policies of the queues. A service principal needs one that lets it in; of a role, whose identity policies
 * have been asked already, they can only say that it may not.
 */
export class QueuePolicies {
  private readonly byQueue = new Map<string, ResourcePolicy>();

  constructor(private readonly aws: LocalAws) {}

  /** Creates `AWS::SQS::QueuePolicy`. */
  create(resource: TemplateResource, queueOf: (url: string) => { readonly arn: string }): ResourceValues {
    const { PolicyDocument, Queues } = parseProperties(QueuePolicyProperties, resource);
    const policy = readResourcePolicy(PolicyDocument);
    for (const url of Queues) {
      const { arn } = queueOf(url);
      if (this.byQueue.has(arn)) throw new Error(`Queues: ${arn} has a policy already, and a queue can have one`);
      this.byQueue.set(arn, policy);
    }
    const id = generatedName(resource);
    return { ref: id, attributes: { Id: id } };
  }

  /** Throws `AccessDeniedException` unless the caller may do this to the queue. */
  check(queueArn: string, operation: string, { caller, headers }: AwsRequest): void {
    const service = servicePrincipalOf(caller.roleArn);
    const action = `sqs:${operation.replace(/Batch$/, '')}`;
    const sourceArn = headers[SOURCE_ARN_HEADER];
    const context = {
      ...requestContext(this.aws, caller),
      ...(service !== undefined &&
        typeof sourceArn === 'string' && {
          'aws:SourceArn': [sourceArn],
          'aws:SourceAccount': [this.aws.accountId],
        }),
    };
    const principal = service === undefined ? { role: caller.roleArn } : { service };
    const verdict = this.byQueue.get(queueArn)?.decide(principal, { action, resource: queueArn }, context);
    if (verdict !== 'Deny' && (service === undefined || verdict === 'Allow')) return;
    const who = service ?? caller.roleArn;
    const why =
      verdict === 'Deny'
        ? 'with an explicit deny in a resource-based policy'
        : `because no resource-based policy allows the ${action} action for ${sourceArn ?? 'it'}`;
    const message = `User: ${who} is not authorized to perform: ${action} on resource: ${queueArn} ${why}`;
    throw new AwsError('AccessDeniedException', message, { status: 403 });
  }
}
