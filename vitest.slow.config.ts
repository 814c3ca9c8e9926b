import { defineConfig, mergeConfig } from 'vitest/config';
import projectConfig from './vitest.config.ts';

const config = mergeConfig(projectConfig, defineConfig({ test: { testTimeout: 180_000, maxConcurrency: 4 } }));

// Merging would add to the list.
export default { ...config, test: { ...config.test, include: ['test/**/*.slow.ts'] } };
