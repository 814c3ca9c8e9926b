// The process that dynalite runs in. It is forked, reports `{ port }` to its parent, and ends with it. Plain JavaScript:
// no loader reaches into a forked process.
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const dynalite = require('dynalite');
const operations = require('dynalite/db');
const validations = require('dynalite/validations');
const { Level } = createRequire(require.resolve('dynalite'))('level');

const LOCK_WAIT_MS = 10_000;
const MAX_LEVELS = 32;
const [path] = process.argv.slice(2);

process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of the terminal; the parent still needs its data while it shuts down.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, () => {});

writeItemAndIndexesAtOnce();
returnItemOfFailedCondition();
refuseWhatValidationTripsOver();
await repairTables(path);
const server = dynalite({ path, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
// A connection that the parent keeps is never closed under a request that is just being sent.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

/**
 * dynalite writes each index entry and the item by writes of their own: killed between them, an index would hold for
 * ever what was never written. One batch is written whole or not at all.
 */
function writeItemAndIndexesAtOnce() {
  operations.updateIndexes = (store, table, existingItem, item, done) => {
    if (!existingItem && !item) return done();
    const fault = item && faultOf(item, table);
    if (fault) return done(operations.validationError(fault));
    const key = `item-${table.TableName}~${operations.createKey(item ?? existingItem, table)}`;
    const batch = [item ? { type: 'put', key, value: item } : { type: 'del', key }];
    for (const kind of ['Local', 'Global']) {
      const indexes = table[`${kind}SecondaryIndexes`] ?? [];
      const { puts, deletes } = operations.getIndexActions(indexes, existingItem, item, table);
      const inIndex = (action) => `index-${kind.toLowerCase()}~${table.TableName}~${action.index}~${action.key}`;
      for (const action of deletes) batch.push({ type: 'del', key: inIndex(action) });
      for (const action of puts) batch.push({ type: 'put', key: inIndex(action), value: action.item });
    }
    store.db.batch(batch, done);
  };
}

/** What AWS doesn't store and dynalite would, in AWS's words; most of it comes about in updates alone. */
function faultOf(item, table) {
  for (const value of Object.values(item)) {
    // Sums grow beyond the digits and the magnitude of a number.
    const fault = validations.validateAttributeValue(value);
    if (fault) return fault;
    if (levelsOf(value) > MAX_LEVELS) {
      return 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';
    }
  }
  return operations.traverseIndexes(table, (name, type, index) => {
    if (item[name]?.[type] !== '') return undefined;
    return (
      'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
      `The AttributeValue for a key attribute cannot contain an empty ${type === 'S' ? 'string' : 'binary'} value. ` +
      `IndexName: ${index.IndexName}, IndexKey: ${name}`
    );
  });
}

function levelsOf({ L, M }) {
  return 1 + Math.max(0, ...(L ?? Object.values(M ?? {})).map(levelsOf));
}

/** `ReturnValuesOnConditionCheckFailure`, which dynalite doesn't know: the item, as it was under the lock. */
function returnItemOfFailedCondition() {
  const member = { type: 'String', enum: ['ALL_OLD', 'NONE'] };
  for (const action of ['putItem', 'updateItem', 'deleteItem']) {
    require(`dynalite/validations/${action}`).types.ReturnValuesOnConditionCheckFailure = member;
  }
  const checkConditional = operations.checkConditional;
  operations.checkConditional = (request, existingItem) => {
    const failure = checkConditional(request, existingItem);
    if (failure && existingItem && request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD') {
      failure.body.Item = existingItem;
    }
    return failure;
  };
}

/** dynalite ends over a `null` where a value should be: AWS, too, refuses it before it does anything. */
function refuseWhatValidationTripsOver() {
  for (const name of ['checkTypes', 'checkValidations']) {
    const check = validations[name];
    validations[name] = (...request) => {
      try {
        const checked = check(...request);
        if (hasNullInSet(checked)) throw new TypeError('A set has null for a member.');
        return checked;
      } catch (error) {
        if (error.statusCode) throw error;
        const body = {
          __type: 'com.amazon.coral.service#SerializationException',
          message: 'Unexpected value in the request',
        };
        throw Object.assign(error, { statusCode: 400, body });
      }
    };
  }
}

function hasNullInSet(value) {
  if (typeof value !== 'object' || value === null) return false;
  const sets = [value.SS, value.NS, value.BS].filter(Array.isArray);
  return sets.some((set) => set.includes(null)) || Object.values(value).some(hasNullInSet);
}

/** Brings tables to rest that a killed process left on their way: dynalite would leave them there. */
async function repairTables(path) {
  const level = await openWhenUnlocked(path);
  for await (const [key, table] of level.iterator({ gte: 'table~', lt: 'table~\xff' })) {
    if (table.TableStatus === 'DELETING') {
      for (const of of [
        `item-${table.TableName}~`,
        `index-local~${table.TableName}~`,
        `index-global~${table.TableName}~`,
      ]) {
        await level.clear({ gte: of, lt: `${of}\xff` });
      }
      await level.del(key);
    } else if (table.TableStatus !== 'ACTIVE') {
      const indexes = table.GlobalSecondaryIndexes?.map((index) => ({ ...index, IndexStatus: 'ACTIVE' }));
      await level.put(key, { ...table, TableStatus: 'ACTIVE', ...(indexes && { GlobalSecondaryIndexes: indexes }) });
    }
  }
  await level.close();
}

/** Opens the database, waiting for a process of before that is just ending. */
async function openWhenUnlocked(path) {
  const giveUpAt = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const level = new Level(path, { valueEncoding: 'json' });
    try {
      await level.open();
      return level;
    } catch (error) {
      if (error.cause?.code !== 'LEVEL_LOCKED' || Date.now() > giveUpAt) throw error;
      await delay(50);
    }
  }
}
