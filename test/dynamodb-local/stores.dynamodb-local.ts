import { describeStores } from '../lambdas/store-contract.ts';
import { startDynamoDbLocal } from './dynamodb-local.ts';

const jars = process.env['DYNAMODB_LOCAL_JARS'];
if (!jars) throw new Error('DYNAMODB_LOCAL_JARS is not set: use `npm run test:dynamodb-local`.');

describeStores('DynamoDB Local', () => startDynamoDbLocal(jars));
