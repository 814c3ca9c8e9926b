import { z } from 'zod';
import type { AwsService, LocalAws } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { jsonOperations } from '../gateway/json-service.ts';
import { SecretsFile, SecretsFileError, type StoredSecrets } from './secrets-file.ts';
import { type StoredSecret, storedSecret } from './stored-secret.ts';

const CURRENT = 'AWSCURRENT';

const Id = z.string().min(1).max(2048);
const Value = z.string().min(1);
/** The SDK adds it by itself, so that a repeated call makes no second version. */
const ClientRequestToken = z.string().optional();

const GetInput = z.strictObject({
  SecretId: Id,
  VersionId: z.string().optional(),
  VersionStage: z.string().optional(),
});
const CreateInput = z.strictObject({ Name: Id, SecretString: Value, ClientRequestToken });
const PutInput = z.strictObject({ SecretId: Id, SecretString: Value, ClientRequestToken });
const ListInput = z.strictObject({
  MaxResults: z.int().min(1).max(100).default(100),
  NextToken: z.string().regex(/^\d+$/).optional(),
});

/** Secrets Manager on one JSON file: reads, lists, creates and changes secrets that are texts, one version each. */
export async function createSecretsManager(aws: LocalAws, { file }: { readonly file: string }): Promise<AwsService> {
  const secrets = new Secrets(new SecretsFile(file), `arn:aws:secretsmanager:${aws.region}:${aws.accountId}:secret:`);
  const handle = jsonOperations(
    {
      GetSecretValue: (input) => getSecretValue(secrets, readInput(GetInput, input)),
      CreateSecret: (input) => createSecret(secrets, readInput(CreateInput, input)),
      PutSecretValue: (input) => putSecretValue(secrets, readInput(PutInput, input)),
      ListSecrets: (input) => listSecrets(secrets, readInput(ListInput, input)),
    },
    (error) => aws.log(`secretsmanager: ${error instanceof Error ? error.message : String(error)}`),
  );
  return {
    signingName: 'secretsmanager',
    resources: {},
    handle,
    // A file that cannot be used is said at boot, not by the first dispatch that needs it.
    verify: async () => secrets.check(),
    close: async () => {},
  };
}

/** The secrets that the file holds right now. */
class Secrets {
  constructor(
    private readonly file: SecretsFile,
    private readonly base: string,
  ) {}

  /** @throws SecretsFileError */
  check(): void {
    this.file.read();
  }

  all(): StoredSecret[] {
    const { values, changedAt } = this.read();
    return [...values].map(([name, value]) => storedSecret(this.base, name, value, changedAt));
  }

  /** By name, ARN, or ARN without its last six characters. */
  find(id: string): StoredSecret | undefined {
    return this.all().find(({ name, arn }) => id === name || id === arn || id === `${this.base}${name}`);
  }

  set(name: string, value: string): StoredSecret {
    try {
      this.file.set(name, value);
    } catch (cause) {
      if (cause instanceof SecretsFileError) throw invalid(cause.message);
      throw cause;
    }
    return this.get(name);
  }

  get(id: string): StoredSecret {
    const found = this.find(id);
    if (found) return found;
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  /** Who asks is told what is wrong with the file: the operator reads a dispatch's reason sooner than our log. */
  private read(): StoredSecrets {
    try {
      return this.file.read();
    } catch (cause) {
      if (!(cause instanceof SecretsFileError)) throw cause;
      throw new AwsError('InternalServiceError', cause.message, { status: 500, cause });
    }
  }
}

function getSecretValue(secrets: Secrets, { SecretId, VersionId, VersionStage = CURRENT }: z.infer<typeof GetInput>) {
  const { name, arn, value, versionId, changedAt } = secrets.get(SecretId);
  if (VersionStage !== CURRENT || (VersionId ?? versionId) !== versionId) {
    const wanted = VersionId === undefined ? `staging label: ${VersionStage}` : `VersionId: ${VersionId}`;
    const message = `Secrets Manager can't find the specified secret value for ${wanted}`;
    throw new AwsError('ResourceNotFoundException', message);
  }
  const version = { VersionId: versionId, VersionStages: [CURRENT], CreatedDate: changedAt };
  return { ARN: arn, Name: name, SecretString: value, ...version };
}

function createSecret(secrets: Secrets, { Name, SecretString }: z.infer<typeof CreateInput>) {
  const known = secrets.find(Name);
  // The same again is a client's second try after a lost answer.
  if (known && known.value !== SecretString) {
    const message = `The operation failed because the secret ${Name} already exists.`;
    throw new AwsError('ResourceExistsException', message);
  }
  const { arn, name, versionId } = known ?? secrets.set(Name, SecretString);
  return { ARN: arn, Name: name, VersionId: versionId };
}

function putSecretValue(secrets: Secrets, { SecretId, SecretString }: z.infer<typeof PutInput>) {
  const { arn, name, versionId } = secrets.set(secrets.get(SecretId).name, SecretString);
  return { ARN: arn, Name: name, VersionId: versionId, VersionStages: [CURRENT] };
}

function listSecrets(secrets: Secrets, { MaxResults, NextToken = '0' }: z.infer<typeof ListInput>) {
  const all = secrets.all();
  const end = Number(NextToken) + MaxResults;
  return {
    SecretList: all
      .slice(Number(NextToken), end)
      .map(({ arn, name, changedAt }) => ({ ARN: arn, Name: name, LastChangedDate: changedAt })),
    ...(end < all.length && { NextToken: String(end) }),
  };
}

/** No message quotes what was sent: a value may be a part of it. */
function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `the embedded Secrets Manager does not know ${issue.keys.join(', ')}`
      : `${issue.path.join('.')}: ${issue.message}`,
  );
  throw invalid(faults.join('; '));
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}
