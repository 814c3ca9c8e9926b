import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUCKET, bucketResource, type RunningS3, runS3 } from './running-s3.ts';

let s3: RunningS3;

beforeAll(async () => {
  s3 = await runS3();
});
afterAll(() => s3.remove());

function create(properties: Record<string, unknown>) {
  return s3.service.resources['AWS::S3::Bucket']?.(bucketResource(properties));
}

describe('a bucket of the template', () => {
  it('has the attributes that CloudFormation gives', () => {
    const values = create({ BucketName: BUCKET });

    expect(values).toEqual({
      ref: BUCKET,
      attributes: {
        Arn: `arn:aws:s3:::${BUCKET}`,
        DomainName: `${BUCKET}.s3.amazonaws.com`,
        RegionalDomainName: `${BUCKET}.s3.us-east-1.amazonaws.com`,
        DualStackDomainName: `${BUCKET}.s3.dualstack.us-east-1.amazonaws.com`,
      },
    });
  });

  it('gets the same name each time where the template gives none', () => {
    const [first, second] = [create({}), create({})];

    expect(first).toEqual(second);
    expect(first).toMatchObject({ ref: expect.stringMatching(/^outpost-artifacts-[0-9a-f]{12}$/) });
  });

  it('may have the properties that CDK writes', () => {
    const properties = {
      BucketName: BUCKET,
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 90, Status: 'Enabled' }] },
      VersioningConfiguration: { Status: 'Suspended' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      CorsConfiguration: { CorsRules: [] },
      Tags: [{ Key: 'a', Value: 'b' }],
    };

    expect(create(properties)).toMatchObject({ ref: BUCKET });
  });

  it.each([
    [{ BucketName: '../outside' }, 'BucketName'],
    [{ BucketName: 'Upper_Case' }, 'BucketName'],
    [{ VersioningConfiguration: { Status: 'Enabled' } }, 'VersioningConfiguration.Status'],
    [{ NotificationConfiguration: { EventBridgeConfiguration: {} } }, 'NotificationConfiguration'],
    [{ ObjectLockEnabled: true }, 'ObjectLockEnabled'],
    [{ WebsiteConfiguration: {} }, 'WebsiteConfiguration'],
  ])('is refused with the property that is not understood: %j', (properties, name) => {
    expect(() => create(properties)).toThrow(name);
  });

  it('may have a policy', () => {
    const createPolicy = s3.service.resources['AWS::S3::BucketPolicy'];
    const resource = (properties: Record<string, unknown>) => ({
      logicalId: 'P',
      type: 'AWS::S3::BucketPolicy',
      properties,
    });

    expect(createPolicy?.(resource({ Bucket: BUCKET, PolicyDocument: {} }))).toEqual({ ref: BUCKET });
    expect(() => createPolicy?.(resource({ PolicyDocument: {} }))).toThrow('Bucket');
  });
});
