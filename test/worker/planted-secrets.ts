/** Something that no key is: it only looks like one. Made from parts, so that no scanner takes it for one either. */
function fake(prefix: string, length: number, alphabet = 'aB3dE6fGh1jKlM9nPq2rStU4vWx5yZ7c'): string {
  return `${prefix}${Array.from({ length }, (_, at) => alphabet[(at * 7 + prefix.length * 5) % alphabet.length]).join('')}`;
}

const upper = 'ABCDEFGHJKLMNPQ2R3S4T5U6V7';
const pem = (kind: string, body: string) => `-----BEGIN ${kind}-----\n${body}\n${body}\n-----END ${kind}-----\n`;

/** A file with a secret in it, in the form that such files have. */
export interface PlantedSecret {
  readonly path: string;
  readonly content: string;
  /** What must not be shown. */
  readonly secret: string;
}

function plant(path: string, secret: string, around: (secret: string) => string): PlantedSecret {
  return { path, secret, content: around(secret) };
}

/** Twelve formats, forty secrets. Half of the files have names that tell nothing. */
export const PLANTED: readonly PlantedSecret[] = [
  // .env
  plant('.env', fake('v1', 20), (s) => `DATABASE_PASSWORD=${s}\n`),
  plant('.env.production', fake('v2', 20), (s) => `X=${s}\n`),
  plant('prod.env', fake('v3', 20), (s) => `Y=${s}\n`),
  plant('.env.example', fake('v4', 20), (s) => `API_KEY=${s}\n`),
  plant('deploy.sh', fake('v5', 20), (s) => `export STRIPE_SECRET="${s}"\n`),
  // PEM
  plant('server.pem', fake('p1', 60), (s) => pem('PRIVATE KEY', s)),
  plant('tls.key', fake('p2', 60), (s) => pem('RSA PRIVATE KEY', s)),
  plant('notes.md', fake('p3', 60), (s) => `# Notes\n${pem('EC PRIVATE KEY', s)}`),
  plant('id_ed25519', fake('p4', 60), (s) => pem('OPENSSH PRIVATE KEY', s)),
  // JSON
  plant('config.json', fake('j1', 20), (s) => JSON.stringify({ db: { password: s } }, null, 2)),
  plant('app.json', fake('j2', 20), (s) => JSON.stringify({ clientSecret: s })),
  plant('service-account.json', fake('j3', 50), (s) => JSON.stringify({ key: s })),
  plant('creds.json', fake('j4', 50), (s) => JSON.stringify({ private_key: `-----BEGIN PRIVATE KEY-----\n${s}\n` })),
  // YAML
  plant('values.yaml', fake('y1', 14), (s) => `db:\n  password: ${s}\n`),
  plant('secrets.yml', fake('y2', 14), (s) => `anything: ${s}\n`),
  plant('ci.yml', fake('y3', 24), (s) => `env:\n  NPM_TOKEN: '${s}'\n`),
  plant('compose.yaml', fake('y4', 16), (s) => `environment:\n  - POSTGRES_PASSWORD=${s}\n`),
  // netrc
  plant('.netrc', fake('n1', 12), (s) => `machine example.com login me password ${s}\n`),
  plant('setup.txt', fake('n2', 12), (s) => `machine example.com login me password ${s}\n`),
  plant('login.txt', fake('n3', 12), (s) => `machine example.com\n  login me\n  password ${s}\n`),
  // URLs
  plant('README.md', fake('u1', 12), (s) => `Run it with postgres://app:${s}@db.example.com/app\n`),
  plant('remote.txt', fake('u2', 12), (s) => `https://bot:${s}@example.com/acme/rocket.git\n`),
  plant('queue.py', fake('u3', 12), (s) => `URL = "redis://:${s}@cache:6379/0"\n`),
  plant('hook.txt', fake('u4', 24), (s) => `https://hooks.${'slack'}.com/services/${s}\n`),
  // INI and TOML
  plant('settings.ini', fake('i1', 12), (s) => `[db]\npassword = ${s}\n`),
  plant('config.toml', fake('i2', 20), (s) => `api_key = "${s}"\n`),
  plant('.npmrc', fake('i3', 30), (s) => `//registry.example.com/:_authToken=${s}\n`),
  plant('.aws/credentials', fake('i4', 40), (s) => `[default]\naws_secret_access_key = ${s}\n`),
  // XML and properties
  plant('settings.xml', fake('x1', 12), (s) => `<server><password>${s}</password></server>\n`),
  plant('app.properties', fake('x2', 16), (s) => `spring.datasource.password=${s}\n`),
  // Headers and shell
  plant('call.sh', fake('h1', 30), (s) => `curl -H "Authorization: Bearer ${s}" https://example.com\n`),
  plant('api.http', fake('h2', 30), (s) => `x-api-key: ${s}\n`),
  // Tokens by their looks
  plant('a.txt', fake('ghp_', 36), (s) => `use ${s} here\n`),
  plant('b.txt', fake('AKIA', 16, upper), (s) => `use ${s} here\n`),
  plant('c.txt', fake('sk-ant-api03-', 60), (s) => `use ${s} here\n`),
  plant('d.txt', fake('AIza', 35), (s) => `use ${s} here\n`),
  plant('e.txt', fake('xoxb-', 30), (s) => `use ${s} here\n`),
  // JSON web tokens
  plant('f.txt', `${fake('eyJ', 30)}.${fake('eyJ', 40)}.${fake('', 40)}`, (s) => `jwt ${s}\n`),
  // State files, and keys that nothing announces
  plant('main.tfstate', fake('t1', 20), (s) => `{"outputs":{"x":"${s}"}}`),
  plant('g.txt', fake('', 44, 'kT9wQz3VbN7xLp2RfY8mHs4GcJ6dUaEe5iOo1XvKtBnWqZrC'), (s) => `the value is ${s}\n`),
];
