import type { Catcher, Recovery, Retrier } from './definition.ts';
import { DefinitionError } from './definition-error.ts';
import { Fields, MOST_SECONDS } from './fields.ts';
import type { Scope } from './load-definition.ts';
import { loadTransforms } from './transforms.ts';

const LONGEST_DELAY_SECONDS = 31_622_400;

/** Reads `Retry` and `Catch`. @throws DefinitionError */
export function loadRecovery(fields: Fields, scope: Scope): Recovery {
  const rules = (name: 'Retry' | 'Catch'): Fields[] => {
    return (fields.array(name) ?? []).map((raw, index) => Fields.of(raw, `${fields.at(name)}[${index}]`, fields.state));
  };
  const retriers = rules('Retry');
  const catchers = rules('Catch');
  return {
    retry: retriers.map((rule, index) => loadRetrier(rule, index === retriers.length - 1)),
    catch: catchers.map((rule, index) => loadCatcher(rule, index === catchers.length - 1, scope)),
  };
}

function loadRetrier(rule: Fields, last: boolean): Retrier {
  const maxDelaySeconds = rule.number('MaxDelaySeconds', { least: 1, most: LONGEST_DELAY_SECONDS });
  const jitter = rule.string('JitterStrategy') ?? 'NONE';
  if (jitter !== 'NONE' && jitter !== 'FULL') {
    throw new DefinitionError("Value must be one of: ['FULL', 'NONE']", rule.at('JitterStrategy'));
  }
  const retrier: Retrier = {
    errorEquals: loadErrorNames(rule, last),
    intervalSeconds: rule.number('IntervalSeconds', { least: 1, most: MOST_SECONDS }) ?? 1,
    maxAttempts: rule.number('MaxAttempts', { least: 0 }) ?? 3,
    backoffRate: rule.number('BackoffRate', { least: 1, integer: false }) ?? 2,
    fullJitter: jitter === 'FULL',
    ...(maxDelaySeconds !== undefined && { maxDelaySeconds }),
  };
  rule.refuseOthers();
  return retrier;
}

function loadCatcher(rule: Fields, last: boolean, scope: Scope): Catcher {
  const catcher: Catcher = {
    errorEquals: loadErrorNames(rule, last),
    next: rule.requiredString('Next'),
    ...loadTransforms(rule, scope, ['errorOutput']),
  };
  rule.refuseOthers();
  return catcher;
}

function loadErrorNames(rule: Fields, last: boolean): readonly string[] {
  const names = rule.array('ErrorEquals');
  if (!names || names.length === 0 || !names.every((name) => typeof name === 'string')) {
    throw new DefinitionError('ErrorEquals must be an Array of at least one String', rule.at('ErrorEquals'));
  }
  if (names.includes('States.ALL') && !(last && names.length === 1)) {
    throw new DefinitionError('States.ALL must appear alone and last', rule.at('ErrorEquals'));
  }
  return names as readonly string[];
}
