// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub writes its variables so.
import { describe, expect, it } from 'vitest';
import type { CreateResource, TemplateResource } from '../../../local/aws-service.ts';
import { deployTemplate } from '../../../local/template/deploy-template.ts';
import { TemplateError } from '../../../local/template/template.ts';

const deployment = { region: 'us-east-1', accountId: '000000000000', stackName: 'Outpost' };

/** Creates things of the type `Test::Thing`, and remembers them in their order. */
function thingMaker() {
  const made: TemplateResource[] = [];
  const create: CreateResource = (resource) => {
    made.push(resource);
    const name = String(resource.properties.Name ?? resource.logicalId.toLowerCase());
    return { ref: name, attributes: { Arn: `arn:aws:test:::${name}` } };
  };
  return { made, creators: { 'Test::Thing': create } };
}

const thing = (Properties: object = {}, more: object = {}) => ({ Type: 'Test::Thing', Properties, ...more });

async function outputOf(value: unknown, sections: object = {}): Promise<unknown> {
  const { creators } = thingMaker();
  const template = { Resources: { Table: thing() }, ...sections, Outputs: { It: { Value: value } } };
  const { outputs } = await deployTemplate(template, { creators, withoutLocalMeaning: {}, deployment });
  return outputs.It;
}

async function faultsOf(template: object): Promise<string[]> {
  const { made, creators } = thingMaker();
  const deploying = deployTemplate(template, { creators, withoutLocalMeaning: {}, deployment });
  const error = await deploying.then(
    () => new Error('deployed'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TemplateError);
  expect(made).toEqual([]);
  return error instanceof TemplateError ? error.message.split('\n') : [];
}

describe('deploying a template', () => {
  it.each<[string, unknown, unknown]>([
    ['Ref of a resource', { Ref: 'Table' }, 'table'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:test:::table'],
    ['GetAtt as a string', { 'Fn::GetAtt': 'Table.Arn' }, 'arn:aws:test:::table'],
    ['Sub of a string', { 'Fn::Sub': '${Table}|${Table.Arn}|${!Literal}' }, 'table|arn:aws:test:::table|${Literal}'],
    ['Sub with variables', { 'Fn::Sub': ['${A}-${AWS::AccountId}', { A: { Ref: 'Table' } }] }, 'table-000000000000'],
    ['Join', { 'Fn::Join': ['/', ['a', { Ref: 'Table' }, 1]] }, 'a/table/1'],
    ['Select of a Split', { 'Fn::Select': ['3', { 'Fn::Split': [':', { 'Fn::GetAtt': ['Table', 'Arn'] }] }] }, ''],
    ['Base64', { 'Fn::Base64': { Ref: 'Table' } }, 'dGFibGU='],
    ['GetAZs', { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] }, 'us-east-1b'],
    ['Cidr', { 'Fn::Cidr': ['10.0.0.0/16', 3, 8] }, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
    ['ToJsonString', { 'Fn::ToJsonString': { a: { Ref: 'Table' } } }, '{"a":"table"}'],
    ['NoValue', { kept: [1, { Ref: 'AWS::NoValue' }], gone: { Ref: 'AWS::NoValue' } }, { kept: [1] }],
    ['plain data', { a: [true, null, 1.5, '${Table}'] }, { a: [true, null, 1.5, '${Table}'] }],
  ])('resolves %s', async (_, value, expected) => {
    const output = await outputOf(value);

    expect(output).toEqual(expected);
  });

  it('resolves parameters, mappings and conditions', async () => {
    const sections = {
      Parameters: { Stage: { Type: 'String', Default: 'prod' }, Zones: { Type: 'CommaDelimitedList', Default: 'a,b' } },
      Mappings: { Sizes: { prod: { cpu: 512 } } },
      Conditions: {
        IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
        IsSmall: { 'Fn::And': [{ 'Fn::Not': [{ Condition: 'IsProd' }] }, { Condition: 'IsProd' }] },
        Either: { 'Fn::Or': [{ Condition: 'IsSmall' }, { Condition: 'IsProd' }] },
      },
    };

    const output = await outputOf(
      {
        cpu: { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'cpu'] },
        missing: { 'Fn::FindInMap': ['Sizes', 'dev', 'cpu', { DefaultValue: 1 }] },
        zones: { Ref: 'Zones' },
        branches: ['IsProd', 'IsSmall', 'Either'].map((name) => ({ 'Fn::If': [name, 'yes', 'no'] })),
      },
      sections,
    );

    expect(output).toEqual({ cpu: 512, missing: 1, zones: ['a', 'b'], branches: ['yes', 'no', 'yes'] });
  });

  it('creates each resource after those that it refers to or depends on', async () => {
    const { made, creators } = thingMaker();
    const template = {
      Resources: {
        First: thing({ Name: { 'Fn::Join': ['-', [{ Ref: 'Second' }, 'x']] } }),
        Second: thing({}, { DependsOn: 'Third' }),
        Third: thing({ Text: { 'Fn::Sub': '${Fourth.Arn}' } }),
        Fourth: thing(),
        CDKMetadata: { Type: 'AWS::CDK::Metadata' },
      },
    };

    const stack = await deployTemplate(template, { creators, withoutLocalMeaning: {}, deployment });

    expect(made.map(({ logicalId }) => logicalId)).toEqual(['Fourth', 'Third', 'Second', 'First']);
    expect(stack.resources.First).toMatchObject({ type: 'Test::Thing', ref: 'second-x' });
  });

  it('leaves out what its condition leaves out, and takes stand-ins for types without local meaning', async () => {
    const { made, creators } = thingMaker();
    const template = {
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Resources: {
        Net: { Type: 'Test::Network' },
        Thing: thing({ Net: { Ref: 'Net' }, Other: { 'Fn::If': ['Never', { Ref: 'Gone' }, 'none'] } }),
        Gone: thing({}, { Condition: 'Never' }),
      },
      Outputs: { Gone: { Condition: 'Never', Value: { Ref: 'Gone' } }, Kept: { Value: { Ref: 'Thing' } } },
    };

    const stack = await deployTemplate(template, {
      creators,
      withoutLocalMeaning: { 'Test::Network': () => ({ ref: 'net-1' }) },
      deployment,
    });

    expect(made).toEqual([{ logicalId: 'Thing', type: 'Test::Thing', properties: { Net: 'net-1', Other: 'none' } }]);
    expect(stack.outputs).toEqual({ Kept: 'thing' });
  });

  it('reports all faults together, with resource, type and path, before it creates anything', async () => {
    const faults = await faultsOf({
      Parameters: { FromSsm: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/x' }, Empty: { Type: 'String' } },
      Conditions: { Broken: { 'Fn::Equals': [{ Ref: 'Nobody' }, 1] }, Off: { 'Fn::Equals': [1, 2] } },
      Resources: {
        Fine: thing(),
        Queue: { Type: 'Test::Queue' },
        Reader: thing({ Environment: { TABLE: { Ref: 'Tabel' } }, List: [{ 'Fn::GetAtt': ['Missing', 'Arn'] }] }),
        Sub: thing({ Text: { 'Fn::Sub': 'a ${Nothing} b ${Fine}' } }, { DependsOn: ['Fien'] }),
        Untaken: thing({ A: { 'Fn::If': ['Off', { Ref: 'Ghost' }, 'x'] }, B: { 'Fn::If': ['Onn', 1, 2] } }),
        Off: thing({ A: { Ref: 'Spirit' } }, { Condition: 'Off' }),
        UsesOff: thing({ A: { Ref: 'Off' } }),
        Elsewhere: thing({ A: { 'Fn::ImportValue': 'Other' }, B: { Ref: 'FromSsm' }, C: { Ref: 'Empty' } }),
        Odd: thing({ A: { 'Fn::Reverse': [1] }, B: { 'Fn::Select': [5, ['a']] }, C: '{{resolve:ssm:/x}}' }),
        Map: thing({ A: { 'Fn::FindInMap': ['M', 'a', 'b'] } }),
      },
      Outputs: { Out: { Value: { Ref: 'Lost' } } },
    });

    expect(faults).toEqual([
      "Conditions.Broken[0]: there is no parameter 'Nobody'",
      'Queue (Test::Queue), Type: the embedded AWS has no such type, and it is not listed as one without local meaning',
      "Reader (Test::Thing), Properties.Environment.TABLE: 'Tabel' is neither a resource nor a parameter of the template",
      "Reader (Test::Thing), Properties.List[0]: there is no resource 'Missing' in the template to have an Arn",
      "Sub (Test::Thing), Properties.Text: 'Nothing' is neither a resource nor a parameter of the template",
      "Sub (Test::Thing), DependsOn: there is no resource 'Fien' in the template",
      "Untaken (Test::Thing), Properties.A: 'Ghost' is neither a resource nor a parameter of the template",
      "Untaken (Test::Thing), Properties.B: there is no condition 'Onn'",
      "Off (Test::Thing), Properties.A: 'Spirit' is neither a resource nor a parameter of the template",
      "UsesOff (Test::Thing), Properties.A: 'Off' is left out by its condition",
      'Elsewhere (Test::Thing), Properties.A: Fn::ImportValue of "Other": no other stack is deployed that exports it',
      "Elsewhere (Test::Thing), Properties.B: the parameter 'FromSsm' comes from SSM (AWS::SSM::Parameter::Value<String>), which can't be read locally",
      "Elsewhere (Test::Thing), Properties.C: the parameter 'Empty' has neither a default nor a value",
      'Odd (Test::Thing), Properties.A: Fn::Reverse is not available here',
      'Odd (Test::Thing), Properties.B: Fn::Select asks for element 5 of a list of 1',
      "Odd (Test::Thing), Properties.C: the dynamic reference {{resolve:ssm:/x}} can't be resolved locally",
      'Map (Test::Thing), Properties.A: Fn::FindInMap: Mappings has no M.a.b',
      "Outputs.Out.Value: 'Lost' is neither a resource nor a parameter of the template",
    ]);
  });

  it('names the members of a cycle', async () => {
    const faults = await faultsOf({
      Resources: {
        A: thing({ X: { Ref: 'B' } }),
        B: thing({ X: { 'Fn::Sub': '${C.Arn}' } }),
        C: thing({}, { DependsOn: 'A' }),
        Self: thing({ X: { Ref: 'Self' } }),
      },
    });

    expect(faults).toEqual([
      'Resources: these resources depend on each other in a circle: A → B → C → A',
      'Resources: these resources depend on each other in a circle: Self → Self',
    ]);
  });

  it('names an attribute that the created resource does not have', async () => {
    const { creators } = thingMaker();
    const template = { Resources: { A: thing(), B: thing({ X: { 'Fn::GetAtt': ['A', 'StreamArn'] } }) } };

    const deploying = deployTemplate(template, { creators, withoutLocalMeaning: {}, deployment });

    await expect(deploying).rejects.toThrow(
      "B (Test::Thing), Properties.X: A (Test::Thing) has no attribute 'StreamArn' in the embedded AWS; it has: Arn",
    );
  });

  it('names every resource that could not be created, and leaves out what depends on them', async () => {
    const { made, creators } = thingMaker();
    const failing: CreateResource = ({ logicalId }) => Promise.reject(new Error(`the Name of ${logicalId} is taken`));
    const template = {
      Resources: {
        A: { Type: 'Test::Failing' },
        OnA: thing({ X: { Ref: 'A' } }),
        B: { Type: 'Test::Failing' },
        C: thing(),
      },
    };

    const deploying = deployTemplate(template, {
      creators: { ...creators, 'Test::Failing': failing },
      withoutLocalMeaning: {},
      deployment,
    });

    await expect(deploying).rejects.toThrow(
      /^A \(Test::Failing\), creation failed: the Name of A is taken\nB .* the Name of B is taken$/,
    );
    expect(made.map(({ logicalId }) => logicalId)).toEqual(['C']);
  });

  it.each<[string, object, string]>([
    ['an attribute that no resource has', { A: { ...thing(), Propertis: {} } }, 'A (Test::Thing), the resource: '],
    ['a resource without a type', { A: { Properties: {} } }, 'A (no type), Type: '],
    ['properties that are a list', { A: { Type: 'T', Properties: [] } }, 'A (T), Properties: '],
  ])('refuses %s', async (_, Resources, beginning) => {
    const faults = await faultsOf({ Resources });

    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(beginning);
  });
});
