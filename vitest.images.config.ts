import { defineConfig, mergeConfig } from 'vitest/config';
import projectConfig from './vitest.config.ts';

const config = mergeConfig(projectConfig, defineConfig({ test: { testTimeout: 120_000, fileParallelism: false } }));

// Merging would add to the list.
export default { ...config, test: { ...config.test, include: ['test/images/*.images.ts'] } };
