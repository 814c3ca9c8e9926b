import type { Permission } from '../policy-document.ts';
import { record, text } from './input.ts';
import type { JsonRequest } from './json-request.ts';

/** A query of an index needs the index, and nothing of the table; a batch needs each of its tables. */
export function dynamoDbPermissions({ operation, input, arn }: JsonRequest): Permission[] {
  const action = `dynamodb:${operation}`;
  const table = (name: string) => (name.startsWith('arn:') ? name : arn('dynamodb', `table/${name}`));
  switch (operation) {
    case 'BatchGetItem':
    case 'BatchWriteItem':
      return Object.keys(record(input.RequestItems)).map((name) => ({ action, resource: table(name) }));
    case 'Query':
    case 'Scan': {
      const index = text(input.IndexName);
      return [{ action, resource: `${table(text(input.TableName))}${index === '' ? '' : `/index/${index}`}` }];
    }
    case 'ListTables':
      return [{ action, resource: '*' }];
    case 'TagResource':
    case 'UntagResource':
    case 'ListTagsOfResource':
      return [{ action, resource: text(input.ResourceArn) }];
    default:
      return [{ action, resource: input.TableName === undefined ? '*' : table(text(input.TableName)) }];
  }
}
