// The HTTP handler of a Jaeger 1.x collector on the port that is its argument. GET /received lists the spans it took.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/mux"
	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger/cmd/collector/app/handler"
	"github.com/jaegertracing/jaeger/cmd/collector/app/processor"
	"go.uber.org/zap"
)

type span struct {
	TraceID string `json:"traceId"`
	SpanID  string `json:"spanId"`
	Parent  string `json:"parent"`
	Service string `json:"service"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
}

// received keeps what the handler made of the requests, in the place of a storage.
type received struct {
	mutex sync.Mutex
	spans []span
}

func (r *received) ProcessSpans(_ context.Context, batch processor.Batch) ([]bool, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var taken []bool
	batch.GetSpans(func(spans []*model.Span) {
		for _, s := range spans {
			kind, _ := s.GetSpanKind()
			r.spans = append(r.spans, span{
				TraceID: s.TraceID.String(),
				SpanID:  s.SpanID.String(),
				Parent:  s.ParentSpanID().String(),
				Service: s.Process.ServiceName,
				Name:    s.OperationName,
				Kind:    string(kind),
			})
			taken = append(taken, true)
		}
	}, nil)
	return taken, nil
}

func (r *received) Close() error { return nil }

func (r *received) list(w http.ResponseWriter, _ *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := json.NewEncoder(w).Encode(r.spans); err != nil {
		log.Print(err)
	}
}

func main() {
	store := &received{}
	router := mux.NewRouter()
	handler.NewAPIHandler(handler.NewJaegerSpanHandler(zap.NewNop(), store)).RegisterRoutes(router)
	router.HandleFunc("/received", store.list).Methods(http.MethodGet)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], router))
}
