import { z } from 'zod';

/** Variables of the environment that are missing or wrong, all of them at once. */
export class InvalidEnvironmentError extends Error {
  override readonly name = 'InvalidEnvironmentError';

  constructor(readonly faults: readonly string[]) {
    super(`The environment is not complete: ${faults.join('; ')}`);
  }
}

/**
 * The named variables, parsed. Throws an `InvalidEnvironmentError` that names every fault; an empty variable counts as
 * missing, because CloudFormation and shells turn the one into the other.
 */
export function readEnv<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, environment[name] || undefined]));
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidEnvironmentError(
    parsed.error.issues.map(({ path, message }) => {
      const isMissing = given[String(path[0])] === undefined;
      const place = path.map(String).join('.');
      return isMissing ? `${place} is missing` : `${place}: ${message}`;
    }),
  );
}
