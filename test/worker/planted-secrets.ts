/** Something that no key is: it only looks like one. Made from parts, so that no scanner takes it for one either. */
function fake(prefix: string, length: number, alphabet = 'aB3dE6fGh1jKlM9nPq2rStU4vWx5yZ7c'): string {
  return `${prefix}${Array.from({ length }, (_, at) => alphabet[(at * 7 + prefix.length * 5) % alphabet.length]).join('')}`;
}

const UPPER = 'ABCDEFGHJKLMNPQ2R3S4T5U6V7';
const HEX = '0123456789abcdef';
const WORDS = 'abcdefghijklmnopqrstuvwxyz';
const pem = (kind: string, body: string) => `-----BEGIN ${kind}-----\n${body}\n${body}\n-----END ${kind}-----\n`;

export const PLANTED_FORMATS = [
  '.env',
  'PEM',
  'JSON',
  'YAML',
  'TOML',
  'INI',
  'netrc and git-credentials',
  'URLs',
  'HTTP headers',
  'shell',
  'XML and properties',
  'docker and package registries',
  'prose and code',
] as const;
type Format = (typeof PLANTED_FORMATS)[number];

/** A file with a secret in it, in the form that such files have. */
export interface PlantedSecret {
  readonly format: Format;
  readonly path: string;
  readonly content: string;
  /** What must not be shown. */
  readonly secret: string;
}

type Row = readonly [path: string, secret: string, around: (secret: string) => string];

/** Most of the files have names that tell nothing. */
const TABLE: Readonly<Record<Format, readonly Row[]>> = {
  '.env': [
    ['.env', fake('v1', 20), (s) => `DATABASE_PASSWORD=${s}\n`],
    ['.env.production', fake('v2', 20), (s) => `X=${s}\n`],
    ['prod.env', fake('v3', 20), (s) => `Y=${s}\n`],
    ['.env.example', fake('v4', 20), (s) => `API_KEY=${s}\n`],
    ['.env.sample', fake('v5', 30, WORDS), (s) => `SECRET_KEY_BASE=${s}\n`],
    ['.env.template', fake('v6', 12), (s) => `API_TOKEN_2="${s}"\n`],
  ],
  PEM: [
    ['server.pem', fake('p1', 60), (s) => pem('PRIVATE KEY', s)],
    ['tls.key', fake('p2', 60), (s) => pem('RSA PRIVATE KEY', s)],
    ['notes.md', fake('p3', 60), (s) => `# Notes\n${pem('EC PRIVATE KEY', s)}`],
    ['id_ed25519', fake('p4', 60), (s) => pem('OPENSSH PRIVATE KEY', s)],
    ['tls.yaml', fake('p5', 60), (s) => `tls: |\n${pem('ENCRYPTED PRIVATE KEY', s).replace(/^/gm, '  ')}`],
    ['backup.txt', fake('p6', 60), (s) => pem('PGP PRIVATE KEY BLOCK', `Version: 1\n\n${s}`)],
  ],
  JSON: [
    ['config.json', fake('j1', 20), (s) => JSON.stringify({ db: { password: s } }, null, 2)],
    ['app.json', fake('j2', 20), (s) => JSON.stringify({ clientSecret: s })],
    ['service-account.json', fake('j3', 50), (s) => JSON.stringify({ key: s })],
    ['creds.json', fake('j4', 50), (s) => JSON.stringify({ private_key: `-----BEGIN PRIVATE KEY-----\n${s}\n` })],
    ['task.json', fake('j5', 12), (s) => JSON.stringify([{ name: 'DB_PASSWORD', value: s }])],
    ['wide.json', fake('j6', 12), (s) => JSON.stringify([{ name: 'API_TOKEN', value: s }], null, 2)],
    ['words.json', `a;b,c ${fake('j7', 8)}`, (s) => JSON.stringify({ password: s })],
    ['db.json', fake('j8', 12), (s) => JSON.stringify({ db: `Server=a;User Id=b;Password=${s};` })],
  ],
  YAML: [
    ['values.yaml', fake('y1', 14), (s) => `db:\n  password: ${s}\n`],
    ['secrets.yml', fake('y2', 14), (s) => `anything: ${s}\n`],
    ['ci.yml', fake('y3', 24), (s) => `env:\n  NPM_TOKEN: '${s}'\n`],
    ['compose.yaml', fake('y4', 16), (s) => `environment:\n  - POSTGRES_PASSWORD=${s}\n`],
    ['pod.yaml', fake('y5', 14), (s) => `env:\n  - name: DB_PASSWORD\n    value: "${s}"\n`],
    ['block.yaml', fake('y6', 14), (s) => `password: |-\n  ${s}\nuser: me\n`],
    ['next.yaml', fake('y7', 14), (s) => `apiKey:\n  ${s}\n`],
    ['dollar.yaml', fake('$y8', 10), (s) => `password: ${s}\n`],
  ],
  TOML: [
    ['config.toml', fake('t1', 20), (s) => `api_key = "${s}"\n`],
    ['wide.toml', fake('t2', 20), (s) => `[db]\npassword = """\n${s}"""\n`],
    ['inline.toml', fake('t3', 12), (s) => `db = { user = "me", password = '${s}' }\n`],
    ['.streamlit/secrets.toml', fake('t4', 12), (s) => `x = "${s}"\n`],
  ],
  INI: [
    ['settings.ini', fake('i1', 12), (s) => `[db]\npassword = ${s}\n`],
    ['.aws/credentials', fake('i2', 40), (s) => `[default]\naws_secret_access_key = ${s}\n`],
    ['odbc.ini', fake('i3', 12), (s) => `[dsn]\nUID=me\nPWD=${s}\n`],
    ['app.cfg', fake('i4', 12), (s) => `secret_key : ${s}\n`],
  ],
  'netrc and git-credentials': [
    ['.netrc', fake('n1', 12), (s) => `machine example.com login me password ${s}\n`],
    ['setup.txt', fake('n2', 12), (s) => `machine example.com login me password ${s}\n`],
    ['login.txt', fake('n3', 12), (s) => `machine example.com\n  login me\n  password ${s}\n`],
    ['.git-credentials', fake('n4', 20), (s) => `https://me:${s}@example.com\n`],
    ['saved.txt', fake('n5', 20), (s) => `protocol=https\nhost=example.com\nusername=me\npassword=${s}\n`],
  ],
  URLs: [
    ['README.md', fake('u1', 12), (s) => `Run it with postgres://app:${s}@db.example.com/app\n`],
    ['remote.txt', fake('u2', 12), (s) => `https://bot:${s}@example.com/acme/rocket.git\n`],
    ['queue.py', fake('u3', 12), (s) => `URL = "redis://:${s}@cache:6379/0"\n`],
    ['hook.txt', fake('u4', 24), (s) => `https://hooks.${'slack'}.com/services/${s}\n`],
    ['user.txt', fake('', 40, HEX), (s) => `git clone https://${s}@example.com/acme/rocket\n`],
    ['query.txt', fake('u6', 20), (s) => `https://example.com/api?access_token=${s}&page=2\n`],
    ['signed.txt', fake('', 64, HEX), (s) => `https://bucket.example.com/x?X-Amz-Signature=${s}\n`],
    ['shared.txt', fake('u8', 28), (s) => `https://a.blob.example.net/c?sv=2022&sig=${s}%3D\n`],
  ],
  'HTTP headers': [
    ['call.txt', fake('h1', 30), (s) => `curl -H "Authorization: Bearer ${s}" https://example.com\n`],
    ['api.http', fake('h2', 30), (s) => `x-api-key: ${s}\n`],
    ['basic.http', fake('h', 17, WORDS), (s) => `Authorization: Basic ${s}\n`],
    ['custom.http', fake('h4', 12), (s) => `Authorization: ${s}\n`],
    ['cookie.http', fake('h5', 20), (s) => `Cookie: theme=dark; session=${s}\n`],
  ],
  shell: [
    ['deploy.sh', fake('s1', 20), (s) => `export STRIPE_SECRET="${s}"\n`],
    ['login.sh', fake('s2', 10), (s) => `docker login --username me --password ${s}\n`],
    ['user.sh', fake('s3', 8), (s) => `curl -u me:${s} https://example.com\n`],
    ['pass.sh', fake('s4', 10), (s) => `sshpass -p '${s}' ssh host\n`],
    ['db.sh', fake('s5', 10), (s) => `mysql -u root -p${s} app\n`],
    ['run.ps1', fake('s6', 12), (s) => `$env:API_KEY = '${s}'\n`],
  ],
  'XML and properties': [
    ['settings.xml', fake('x1', 12), (s) => `<server><password>${s}</password></server>\n`],
    ['app.properties', fake('x2', 16), (s) => `spring.datasource.password=${s}\n`],
    ['web.config', fake('x3', 12), (s) => `<add key="DbPassword" value="${s}" />\n`],
    ['beans.xml', fake('x4', 12), (s) => `<property name="password">\n  <value>${s}</value>\n</property>\n`],
    ['user.xml', fake('x5', 12), (s) => `<user name="me" password='${s}'/>\n`],
  ],
  'docker and package registries': [
    ['.npmrc', fake('r1', 30), (s) => `//registry.example.com/:_authToken=${s}\n`],
    ['.docker/config.json', fake('r2', 16), (s) => JSON.stringify({ auths: { 'r.example.com': { auth: s } } })],
    ['registry.json', fake('r3', 16), (s) => JSON.stringify({ auths: { 'r.example.com': { auth: s } } })],
    ['Dockerfile', fake('r4', 12), (s) => `FROM scratch\nENV API_TOKEN ${s}\n`],
    ['auth.json', fake('a1', 38, HEX), (s) => JSON.stringify({ 'github-oauth': { 'github.com': s } })],
    ['.yarnrc.yml', fake('r6', 20), (s) => `npmAuthToken: ${s}\n`],
    ['pip.conf', fake('r7', 12), (s) => `index-url = https://me:${s}@pypi.example.com/simple\n`],
  ],
  'prose and code': [
    ['a.txt', fake('ghp_', 36), (s) => `use ${s} here\n`],
    ['b.txt', fake('AKIA', 16, UPPER), (s) => `use ${s} here\n`],
    ['c.txt', fake('sk-ant-api03-', 60), (s) => `use ${s} here\n`],
    ['d.txt', fake('AIza', 35), (s) => `use ${s} here\n`],
    ['e.txt', fake('xoxb-', 30), (s) => `use ${s} here\n`],
    ['f.txt', `${fake('eyJ', 30)}.${fake('eyJ', 40)}.${fake('', 40)}`, (s) => `jwt ${s}\n`],
    ['g.txt', fake('', 44, 'kT9wQz3VbN7xLp2RfY8mHs4GcJ6dUaEe5iOo1XvKtBnWqZrC'), (s) => `the value is ${s}\n`],
    ['main.tfstate', fake('c8', 20), (s) => `{"outputs":{"x":"${s}"}}`],
    ['login.ts', fake('c9', 12), (s) => `const passwordOfProduction = "${s}";\n`],
    ['seed.txt', `${WORDS.slice(0, 5)} ${WORDS.slice(5, 9)} ${WORDS.slice(9, 15)}`, (s) => `mnemonic: ${s}\n`],
  ],
};

export const PLANTED: readonly PlantedSecret[] = PLANTED_FORMATS.flatMap((format) =>
  TABLE[format].map(([path, secret, around]) => ({ format, path, secret, content: around(secret) })),
);
