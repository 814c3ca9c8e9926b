import type { LocalAws, ResourceValues, TemplateResource } from '../aws-service.ts';
import { AwsError } from '../gateway/aws-error.ts';
import { generatedName, parseProperties } from '../resource-properties.ts';
import { AssociationProperties, ClusterProperties, type StrategyItem } from './definition-schema.ts';

export interface Cluster {
  readonly name: string;
  readonly arn: string;
  providers: readonly string[];
  defaultStrategy: readonly StrategyItem[];
}

/** The clusters of the template. */
export class Clusters {
  private readonly aws: LocalAws;
  private readonly clusters = new Map<string, Cluster>();

  constructor(aws: LocalAws) {
    this.aws = aws;
  }

  get arns(): readonly string[] {
    return [...this.clusters.values()].map(({ arn }) => arn);
  }

  /** Creates `AWS::ECS::Cluster`. */
  create(resource: TemplateResource): ResourceValues {
    const properties = parseProperties(ClusterProperties, resource);
    const name = properties.ClusterName ?? generatedName(resource);
    const arn = `arn:aws:ecs:${this.aws.region}:${this.aws.accountId}:cluster/${name}`;
    const { CapacityProviders: providers, DefaultCapacityProviderStrategy: defaultStrategy } = properties;
    this.clusters.set(name, { name, arn, providers, defaultStrategy });
    return { ref: name, attributes: { Arn: arn } };
  }

  /** Creates `AWS::ECS::ClusterCapacityProviderAssociations`. */
  associate(resource: TemplateResource): ResourceValues {
    const properties = parseProperties(AssociationProperties, resource);
    const cluster = this.find(properties.Cluster);
    cluster.providers = properties.CapacityProviders;
    cluster.defaultStrategy = properties.DefaultCapacityProviderStrategy;
    return { ref: properties.Cluster };
  }

  /** @param nameOrArn the cluster called `default` where it is missing, as in AWS */
  find(nameOrArn = 'default'): Cluster {
    const name = nameOrArn.startsWith('arn:') ? nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1) : nameOrArn;
    const cluster = this.clusters.get(name);
    if (cluster && (!nameOrArn.startsWith('arn:') || nameOrArn === cluster.arn)) return cluster;
    throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  }
}

/** Spreads `count` tasks over the providers of a strategy: the base first, then in proportion to the weights. */
export function spread(strategy: readonly StrategyItem[], count: number): readonly string[] {
  const counts = strategy.map((item) => ({ ...item, tasks: 0 }));
  return Array.from({ length: count }, () => {
    const byNeed = counts
      .filter(({ Weight }) => Weight > 0)
      .sort((a, b) => (a.tasks - a.Base) / a.Weight - (b.tasks - b.Base) / b.Weight);
    const next = counts.find(({ Base, tasks }) => tasks < Base) ?? byNeed[0];
    if (!next) throw new AwsError('InvalidParameterException', 'A strategy needs a provider with a weight above 0.');
    next.tasks += 1;
    return next.CapacityProvider;
  });
}
