import { z } from 'zod';

/**
 * A model by its provider's name, an alias, or the ARN of a Bedrock inference profile. It becomes an argument of a command
 * line: it cannot begin with a dash.
 */
export const ModelId = z
  .string()
  .max(256, 'must have at most 256 characters')
  .regex(/^[A-Za-z0-9][\w.:/@+[\]-]*$/, 'must be the name of a model');
