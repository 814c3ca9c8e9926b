import type { AwsRequest } from '../../aws-service.ts';
import type { Permission } from '../policy-document.ts';

/** `POST /2015-03-31/functions/{name, ARN or account:function:name}/invocations?Qualifier=…`, and reading. */
export function lambdaPermissions(
  { method, path, query }: AwsRequest,
  arn: (service: string, resource: string) => string,
): Permission[] {
  const [, name = '', rest = ''] = /^\/[\d-]+\/functions\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (name === '') return [{ action: 'lambda:ListFunctions', resource: '*' }];
  const qualifier = new URLSearchParams(query).get('Qualifier');
  const resource = functionArn(decodeURIComponent(name), arn) + (qualifier === null ? '' : `:${qualifier}`);
  if (rest === '/invocations' && method === 'POST') return [{ action: 'lambda:InvokeFunction', resource }];
  return [{ action: method === 'GET' ? 'lambda:GetFunction' : 'lambda:UpdateFunctionConfiguration', resource }];
}

function functionArn(name: string, arn: (service: string, resource: string) => string): string {
  if (name.startsWith('arn:')) return name;
  return arn('lambda', `function:${name.replace(/^\d{12}:function:/, '')}`);
}
