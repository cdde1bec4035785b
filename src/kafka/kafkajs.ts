/** kafkajs is CommonJS whose names Node cannot see: they are taken from its default export, here only. */
import kafkajs from 'kafkajs';

export const { CompressionTypes, ConfigResourceTypes, Kafka, PartitionAssigners, Partitioners, logLevel } = kafkajs;
