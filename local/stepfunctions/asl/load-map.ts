import type { MapState } from './definition.ts';
import { DefinitionError } from './definition-error.ts';
import { Fields, plain } from './fields.ts';
import { loadGraph, type Surroundings } from './load-definition.ts';
import { loadRecovery } from './load-recovery.ts';
import { loadNext, loadTransforms } from './transforms.ts';

const DISTRIBUTED_FIELDS = ['ItemReader', 'ItemBatcher', 'ResultWriter', 'Label'];

/** An inline Map. @throws DefinitionError also for what belongs to a distributed one */
export function loadMap(name: string, fields: Fields, surroundings: Surroundings): MapState {
  for (const field of DISTRIBUTED_FIELDS) {
    if (!fields.has(field)) continue;
    throw new DefinitionError(`${field} is not supported`, fields.at(field), 'OUT_OF_SCOPE');
  }
  const items = fields.template('Items', [], plain.array);
  const itemSelector = fields.template('ItemSelector', []);
  const maxConcurrency = fields.template('MaxConcurrency', [], plain.integer(0));
  const toleratedFailureCount = fields.template('ToleratedFailureCount', [], plain.integer(0));
  const toleratedFailurePercentage = fields.template('ToleratedFailurePercentage', [], plain.integer(0, 100));
  return {
    name,
    type: 'Map',
    itemProcessor: loadProcessor(fields, surroundings),
    next: loadNext(fields),
    ...(items && { items }),
    ...(itemSelector && { itemSelector }),
    ...(maxConcurrency && { maxConcurrency }),
    ...(toleratedFailureCount && { toleratedFailureCount }),
    ...(toleratedFailurePercentage && { toleratedFailurePercentage }),
    ...loadTransforms(fields, surroundings.scope, ['result']),
    ...loadRecovery(fields, surroundings.scope),
  };
}

function loadProcessor(fields: Fields, surroundings: Surroundings) {
  if (!fields.has('ItemProcessor')) {
    throw new DefinitionError('These fields are required: [ItemProcessor]', fields.location);
  }
  const processor = Fields.of(fields.raw('ItemProcessor'), fields.at('ItemProcessor'));
  if (processor.has('ProcessorConfig')) {
    const config = Fields.of(processor.raw('ProcessorConfig'), processor.at('ProcessorConfig'));
    requireInline(config);
    config.refuseOthers();
  }
  return loadGraph(processor, { ...surroundings, scope: surroundings.scope.inner() });
}

function requireInline(config: Fields): void {
  const mode = config.string('Mode');
  if (mode === undefined || mode === 'INLINE') return;
  if (mode === 'DISTRIBUTED') {
    throw new DefinitionError('Distributed Map is not supported', config.at('Mode'), 'OUT_OF_SCOPE');
  }
  throw new DefinitionError("Value must be one of: ['INLINE', 'DISTRIBUTED']", config.at('Mode'));
}
