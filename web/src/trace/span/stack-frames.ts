/** Packages of the JVM that are no program's own. */
const JVM = [
  "java",
  "javax",
  "jakarta",
  "jdk",
  "sun",
  "com.sun",
  "kotlin",
  "kotlinx",
  "scala",
  "akka",
  "groovy",
  "clojure",
  "reactor",
  "rx",
  "okhttp3",
  "okio",
  "retrofit2",
  "feign",
  "io.netty",
  "io.opentelemetry",
  "io.grpc",
  "io.micrometer",
  "io.micronaut",
  "io.vertx",
  "io.quarkus",
  "io.undertow",
  "io.lettuce",
  "io.reactivex",
  "io.ktor",
  "io.projectreactor",
  "redis.clients",
  "ch.qos",
  "com.fasterxml",
  "com.zaxxer",
  "com.mysql",
  "com.mongodb",
  "com.rabbitmq",
  "com.google.common",
  "com.google.protobuf",
  "com.google.gson",
  "com.google.inject",
  "com.amazonaws",
  "software.amazon",
  "com.datastax",
  "com.netflix",
  "com.squareup",
  "org.springframework",
  "org.apache",
  "org.eclipse",
  "org.hibernate",
  "org.jboss",
  "org.glassfish",
  "org.postgresql",
  "org.mariadb",
  "org.h2",
  "org.mongodb",
  "org.elasticsearch",
  "org.opensearch",
  "org.slf4j",
  "org.junit",
  "org.mockito",
  "org.gradle",
  "org.jetbrains",
  "org.codehaus",
  "org.asynchttpclient",
];
const JVM_FRAME = new RegExp(
  `^\\s*at (?:[\\w.$@-]*/+)*(?:${JVM.map((name) => name.replace(".", "\\.")).join("|")})\\.`,
);

/** Places of runtimes and of what package managers install: JavaScript, Python, Go, Rust, Ruby, PHP. */
const INSTALLED =
  /node_modules|node:internal|\(node:|<anonymous>|site-packages|dist-packages|\/lib\/python|<frozen |\/usr\/local\/go\/|\/go\/pkg\/mod\/|\/pkg\/mod\/|\/rustc\/|\.cargo\/registry|\/gems\/|\/lib\/ruby\/|\/vendor\/|webpack\/(?:bootstrap|runtime)/;
const DOTNET_FRAME = /^\s*at (?:System|Microsoft|Npgsql|Grpc|OpenTelemetry|Newtonsoft|MySql|StackExchange|Polly)\./;
/** Functions of Go's runtime and libraries, which stand in the line before their file. */
const GO_FUNCTION =
  /^(?:runtime|net\/http|net|sync|reflect|database\/sql|internal\/\S+|google\.golang\.org\/\S+|go\.opentelemetry\.io\/\S+)\.[\w(*]/;
/** The end of a chained Java stack, which the one above it has. */
const MORE = /^\s*\.\.\. \d+ (?:more|common frames omitted)/;

/** Whether a line of a stack is in a runtime or an installed package. */
export function isLibraryFrame(line: string): boolean {
  return (
    INSTALLED.test(line) || JVM_FRAME.test(line) || DOTNET_FRAME.test(line) || GO_FUNCTION.test(line) || MORE.test(line)
  );
}
