import { openDynamoDb } from '../local/dynamodb/dynamodb-in-test.ts';
import { describeStores } from './store-contract.ts';

describeStores('the embedded DynamoDB', () => openDynamoDb());
