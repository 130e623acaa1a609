"""Groups of artifacts whose jars do not state theirs: built before Maven, or by Ant, sbt, Gradle. Facts from Maven Central.

An artifact that was published under several groups is left out, unless all but one of them are older than 2012.
"""

UMBRELLAS = frozenset({
    "com.google", "com.oracle", "com.sun", "com.thoughtworks", "org.apache", "org.codehaus", "org.eclipse", "org.fusesource",
    "org.glassfish", "org.jboss", "org.joda",
})  # fmt: skip
"""Names of organisations that stand for a group in manifests (`Implementation-Vendor-Id: org.apache`), and are none."""

_ARTIFACTS = {
    "antlr": "antlr",
    "asm": "asm",
    "cglib": "cglib cglib-nodep",
    "com.alibaba": "fastjson druid",
    "com.chuusai": "shapeless",
    "com.google.code.findbugs": "jsr305",
    "com.google.code.gson": "gson",
    "com.google.crypto.tink": "tink",
    "com.google.guava": "guava",
    "com.h2database": "h2",
    "com.mysql": "mysql-connector-j",
    "com.squareup.okio": "okio okio-jvm",
    "com.thoughtworks.paranamer": "paranamer",
    "com.thoughtworks.xstream": "xstream",
    "commons-beanutils": "commons-beanutils commons-beanutils-core",
    "commons-chain": "commons-chain",
    "commons-cli": "commons-cli",
    "commons-codec": "commons-codec",
    "commons-collections": "commons-collections",
    "commons-configuration": "commons-configuration",
    "commons-daemon": "commons-daemon",
    "commons-dbcp": "commons-dbcp",
    "commons-dbutils": "commons-dbutils",
    "commons-digester": "commons-digester",
    "commons-discovery": "commons-discovery",
    "commons-el": "commons-el",
    "commons-fileupload": "commons-fileupload",
    "commons-httpclient": "commons-httpclient",
    "commons-io": "commons-io",
    "commons-jexl": "commons-jexl",
    "commons-jxpath": "commons-jxpath",
    "commons-lang": "commons-lang",
    "commons-launcher": "commons-launcher",
    "commons-logging": "commons-logging commons-logging-api commons-logging-adapters",
    "commons-modeler": "commons-modeler",
    "commons-net": "commons-net",
    "commons-pool": "commons-pool",
    "commons-primitives": "commons-primitives",
    "commons-validator": "commons-validator",
    "dk.brics.automaton": "automaton",
    "io.projectreactor": "reactor-core",
    "jakarta.annotation": "jakarta.annotation-api",
    "jakarta.servlet": "jakarta.servlet-api",
    "jakarta.xml.bind": "jakarta.xml.bind-api",
    "javax.activation": "activation",
    "javax.inject": "javax.inject",
    "javax.jdo": "jdo-api",
    "javax.mail": "mail",
    "javax.servlet": "servlet-api javax.servlet-api jstl",
    "javax.servlet.jsp": "jsp-api javax.servlet.jsp-api",
    "javax.transaction": "jta transaction-api javax.transaction-api",
    "joda-time": "joda-time",
    "junit": "junit",
    "log4j": "log4j apache-log4j-extras",
    "mysql": "mysql-connector-java",
    "net.sourceforge.f2j": "arpack_combined_all",
    "org.antlr": "antlr4-runtime antlr-runtime ST4",
    "org.apache.ant": "ant ant-launcher ant-junit",
    "org.apache.avro": "avro avro-ipc avro-mapred",
    "org.apache.derby": "derby derbyclient derbynet derbytools derbyshared",
    "org.apache.httpcomponents": "httpclient httpclient-cache httpcore httpcore-nio httpmime fluent-hc",
    "org.apache.ivy": "ivy",
    "org.apache.kafka": "kafka-clients kafka-streams connect-api connect-json connect-runtime",
    "org.apache.logging.log4j": (
        "log4j-api log4j-core log4j-1.2-api log4j-jcl log4j-jul log4j-slf4j-impl log4j-slf4j2-impl log4j-web log4j-to-slf4j"
    ),
    "org.apache.struts": "struts2-core",
    "org.apache.thrift": "libthrift libfb303",
    "org.apache.velocity": "velocity velocity-engine-core",
    "org.aspectj": "aspectjrt aspectjweaver aspectjtools",
    "org.codehaus.jackson": "jackson-core-asl jackson-mapper-asl jackson-jaxrs jackson-xc",
    "org.codehaus.jettison": "jettison",
    "org.codehaus.woodstox": "woodstox-core-asl stax2-api",
    "org.fusesource.jansi": "jansi",
    "org.fusesource.leveldbjni": "leveldbjni-all",
    "org.hamcrest": "hamcrest hamcrest-core hamcrest-library",
    "org.hsqldb": "hsqldb",
    "org.javassist": "javassist",
    "org.lz4": "lz4-java",
    "org.ow2.asm": "asm-analysis asm-commons asm-tree asm-util",
    "org.postgresql": "postgresql",
    "org.roaringbitmap": "RoaringBitmap",
    "org.rocksdb": "rocksdbjni",
    "org.slf4j": (
        "slf4j-api slf4j-ext slf4j-jcl slf4j-jdk14 slf4j-log4j12 slf4j-nop slf4j-reload4j slf4j-simple jcl-over-slf4j"
        " jul-to-slf4j log4j-over-slf4j"
    ),
    "org.springframework": (
        "spring-aop spring-aspects spring-beans spring-context spring-context-indexer spring-context-support spring-core spring-expression"
        " spring-instrument spring-jcl spring-jdbc spring-jms spring-messaging spring-orm spring-oxm spring-r2dbc spring-test spring-tx"
        " spring-web spring-webflux spring-webmvc spring-webmvc-portlet spring-websocket"
    ),
    "oro": "oro",
    "stax": "stax-api",
    "wsdl4j": "wsdl4j",
    "xalan": "xalan serializer",
    "xerces": "xercesImpl",
    "xml-apis": "xml-apis xml-apis-ext",
    "xpp3": "xpp3_min",
}
_GROUPS = {artifact: group for group, artifacts in _ARTIFACTS.items() for artifact in artifacts.split()}

_PREFIXES = {
    "bcpg-jdk": "org.bouncycastle",
    "bcpkix-jdk": "org.bouncycastle",
    "bcprov-jdk": "org.bouncycastle",
    "bcutil-jdk": "org.bouncycastle",
    "grpc-": "io.grpc",
    "kotlin-": "org.jetbrains.kotlin",
    "kotlinx-": "org.jetbrains.kotlinx",
    "lucene-": "org.apache.lucene",
    "micrometer-": "io.micrometer",
    "opentelemetry-": "io.opentelemetry",
    "spring-boot-": "org.springframework.boot",
    "spring-integration-": "org.springframework.integration",
    "spring-security-": "org.springframework.security",
    "spring-session-": "org.springframework.session",
    "tomcat-embed-": "org.apache.tomcat.embed",
}
"""By what the artifact's name and a dash begin with; the longest one counts."""


def known_group(artifact: str, version: str) -> str:
    """The group, or nothing.

    >>> known_group("commons-io", "2.6"), known_group("spring-boot", "2.7.3"), known_group("asm", "9.4"), known_group("util", "1")
    ('commons-io', 'org.springframework.boot', 'org.ow2.asm', '')
    """
    if artifact == "asm" and not version.startswith(("1.", "2.", "3.")):
        return "org.ow2.asm"
    return _GROUPS.get(artifact) or next((_PREFIXES[prefix] for prefix in _PREFIXES if f"{artifact}-".startswith(prefix)), "")
